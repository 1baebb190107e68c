//! How much each parameter matters to the loss.
//!
//! Two measures that answer different questions: [`fanova`] explains the variance of the loss over
//! the whole space, [`ped_anova`] says which parameters decide whether a trial is among the best.

mod fanova;
mod ped_anova;

pub use fanova::fanova;
pub use ped_anova::ped_anova;

/// Makes numbers sum to 1; all of them stay 0 where none is above.
fn shares(mut values: Vec<f64>) -> Vec<f64> {
    let total: f64 = values.iter().sum();
    if 0.0 < total {
        values.iter_mut().for_each(|it| *it /= total);
    }
    values
}

#[cfg(test)]
mod tests;
