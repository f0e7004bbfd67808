//! Made-up people: who they are is drawn, nobody is meant.

use super::dice::Dice;

const FIRST: [&str; 32] = [
    "Ada", "Amir", "Anna", "Ben", "Carla", "Chen", "Daan", "Elif", "Emma", "Femke", "Hugo", "Ines",
    "Ivo", "Jana", "Jonas", "Kofi", "Lena", "Liam", "Lucia", "Malik", "Mara", "Mei", "Nina",
    "Noah", "Olga", "Omar", "Pia", "Rafael", "Sara", "Tim", "Yara", "Zoe",
];
const LAST: [&str; 32] = [
    "Adler", "Bakker", "Becker", "Berg", "Costa", "Diallo", "Fischer", "Fontaine", "Garcia",
    "Hansen", "Huber", "Ito", "Jansen", "Kaya", "Keller", "Kovacs", "Larsen", "Lopez", "Meyer",
    "Moreau", "Novak", "Okafor", "Petrov", "Peters", "Rossi", "Santos", "Schmidt", "Silva",
    "Tanaka", "Visser", "Weber", "Yilmaz",
];

/// First and last name.
pub(crate) fn full_name(dice: &mut Dice) -> String {
    let mut pick = |names: &[&'static str; 32]| names[usize::try_from(dice.below(32)).unwrap_or(0)];
    format!("{} {}", pick(&FIRST), pick(&LAST))
}

/// A day of birth that makes someone 1 to 90 years old on `day`.
pub(crate) fn birth_date(dice: &mut Dice, day: i32) -> i32 {
    let age = 365 + dice.below(89 * 365);
    day - i32::try_from(age).unwrap_or(0)
}
