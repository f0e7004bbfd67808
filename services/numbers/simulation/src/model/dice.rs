//! Chance that is the same on every platform and in every version: ChaCha with eight rounds (RFC 8439's block function, fewer
//! rounds), key = SHA-256 of seed (little endian) and subject, stream = number of the thing. Words become numbers by rules written
//! here, not by a library's, and floats go through `libm`, never through the platform's mathematics.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};
use sha2::{Digest, Sha256};

/// All chance of one subject in one world.
#[derive(Clone, Debug)]
pub(crate) struct Cup([u8; 32]);

/// The chance of one thing, drawn in order.
#[derive(Clone, Debug)]
pub(crate) struct Dice(ChaCha8Rng);

impl Cup {
    /// The chance of a subject, such as `policies`, in the world of a seed.
    pub(crate) fn new(seed: u64, subject: &str) -> Self {
        let mut key = Sha256::new();
        key.update(seed.to_le_bytes());
        key.update(subject);
        Self(key.finalize().into())
    }

    /// The chance of the thing of this number. Things do not share chance, so each can be drawn alone.
    pub(crate) fn dice(&self, number: u64) -> Dice {
        let mut words = ChaCha8Rng::from_seed(self.0);
        words.set_stream(number);
        Dice(words)
    }
}

impl Dice {
    /// A whole number below `count`: the upper word of the product of 64 random bits and `count`. Its bias is below `count` / 2^64.
    pub(crate) fn below(&mut self, count: u64) -> u64 {
        let wide = u128::from(self.0.next_u64()) * u128::from(count);
        u64::try_from(wide >> 64).expect("the upper half of 128 bits")
    }

    /// As [`Dice::below`], for what is signed.
    pub(crate) fn under(&mut self, count: i64) -> i64 {
        let below = self.below(u64::try_from(count).unwrap_or(0));
        i64::try_from(below).expect("below a signed number")
    }

    /// A float from 0 to below 1: 53 random bits.
    pub(crate) fn unit(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a float")]
        let bits = (self.0.next_u64() >> 11) as f64;
        bits / 9_007_199_254_740_992.0
    }

    /// A float of the standard normal distribution (Box and Muller, the cosine).
    pub(crate) fn normal(&mut self) -> f64 {
        // From above 0 to 1, whose logarithm is finite.
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.unit()));
        radius * libm::cos(std::f64::consts::TAU * self.unit())
    }

    /// The index of one of these weights, each as likely as it is heavy.
    pub(crate) fn weighted(&mut self, weights: impl Iterator<Item = u64> + Clone) -> usize {
        let mut left = self.below(weights.clone().sum());
        for (index, weight) in weights.enumerate() {
            match left.checked_sub(weight) {
                None => return index,
                Some(rest) => left = rest,
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words are promised for ever: who generates a world again in ten years gets the same one.
    #[test]
    fn chance_is_the_same_in_every_version() {
        let cup = Cup::new(42, "policies");
        let mut dice = cup.dice(7);
        let words: Vec<u64> = (0..4).map(|_| dice.below(1_000_000_000_000)).collect();
        assert_eq!(words, WORDS);
        assert_eq!(dice.unit().to_bits(), UNIT);
        assert_eq!(dice.normal().to_bits(), NORMAL);
        assert_ne!(cup.dice(8).below(1 << 40), cup.dice(7).below(1 << 40));
        assert_ne!(
            Cup::new(43, "policies").dice(7).below(1 << 40),
            cup.dice(7).below(1 << 40)
        );
    }

    // Calculated by hand of another program, from the definition alone.
    const WORDS: [u64; 4] = [
        489_283_615_800,
        917_358_189_495,
        807_448_121_884,
        492_164_222_630,
    ];
    const UNIT: u64 = 4_604_194_485_421_226_505;
    const NORMAL: u64 = 4_608_104_648_305_161_610;

    #[test]
    fn numbers_are_spread_evenly_and_normals_are_normal() {
        let mut dice = Cup::new(1, "spread").dice(0);
        let mut counts = [0_u32; 10];
        for _ in 0..10_000 {
            counts[usize::try_from(dice.below(10)).unwrap()] += 1;
        }
        assert!(counts.iter().all(|n| (850..1150).contains(n)), "{counts:?}");
        let normals: Vec<f64> = (0..20_000).map(|_| dice.normal()).collect();
        let mean = normals.iter().sum::<f64>() / 20_000.0;
        let variance = normals.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 19_999.0;
        assert!(mean.abs() < 0.03, "{mean}");
        assert!((variance - 1.0).abs() < 0.04, "{variance}");
        let heavy = (0..10_000)
            .filter(|_| dice.weighted([1, 3].into_iter()) == 1)
            .count();
        assert!((7_200..7_800).contains(&heavy), "{heavy}");
    }
}
