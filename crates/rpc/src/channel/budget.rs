//! A retry budget: retries may add a tenth to the calls that succeed, and no more, so that they never
//! become the overload they answer.

use std::sync::atomic::{AtomicI64, Ordering};

/// How many retries are allowed.
#[derive(Clone, Copy, Debug)]
pub struct BudgetConfig {
    /// Retries in hand at the start, and at most.
    pub most: u32,
    /// Calls that must succeed to earn one retry.
    pub calls_per_retry: u32,
}

impl Default for BudgetConfig {
    fn default() -> Self {
        Self {
            most: 10,
            calls_per_retry: 10,
        }
    }
}

/// The bucket; counted in calls, so that it needs no fractions.
pub(super) struct Budget {
    config: BudgetConfig,
    calls: AtomicI64,
}

impl Budget {
    pub(super) fn new(config: BudgetConfig) -> Self {
        Self {
            config,
            calls: AtomicI64::new(Self::full(config)),
        }
    }

    fn full(config: BudgetConfig) -> i64 {
        i64::from(config.most) * i64::from(config.calls_per_retry)
    }

    /// Notes a call that succeeded.
    pub(super) fn earn(&self) {
        if self.calls.load(Ordering::Relaxed) < Self::full(self.config) {
            self.calls.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes one retry, if there is one.
    pub(super) fn take(&self) -> bool {
        let price = i64::from(self.config.calls_per_retry);
        self.calls
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |calls| {
                (calls >= price).then(|| calls - price)
            })
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_spent_and_earned_back() {
        let budget = Budget::new(BudgetConfig {
            most: 2,
            calls_per_retry: 3,
        });
        assert!(budget.take() && budget.take() && !budget.take());
        budget.earn();
        budget.earn();
        assert!(!budget.take());
        budget.earn();
        assert!(budget.take());
        (0..100).for_each(|_| budget.earn());
        assert!(budget.take() && budget.take() && !budget.take());
    }
}
