//! Samples, their medians, and the table that shows them.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::lab::Relay;

/// One run.
#[derive(Clone, Copy)]
pub struct Sample {
    took: Duration,
    round_trips: u64,
}

impl Sample {
    pub fn of(relay: &Relay, run: impl FnOnce() -> Result<()>) -> Result<Self> {
        let before = relay.count().round_trips;
        let start = Instant::now();
        run()?;
        Ok(Self { took: start.elapsed(), round_trips: relay.count().round_trips - before })
    }
}

/// Samples by name, the first name being what the others are compared with.
#[derive(Default)]
pub struct Table {
    rows: Vec<(&'static str, Vec<Sample>)>,
}

impl Table {
    pub fn add(&mut self, name: &'static str, sample: Sample) {
        match self.rows.iter_mut().find(|(known, _)| *known == name) {
            Some((_, samples)) => samples.push(sample),
            None => self.rows.push((name, vec![sample])),
        }
    }

    fn seconds(&self, name: &str) -> Option<f64> {
        let (_, samples) = self.rows.iter().find(|(known, _)| *known == name)?;
        Some(median(samples, |sample| sample.took).as_secs_f64())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:30} {:>4} {:>9} {:>9} {:>9} {:>7} {:>8} {:>9}",
            "", "runs", "median s", "best s", "worst s", "trips", "/ floor", "/ mxprov"
        )?;
        for (name, samples) in &self.rows {
            let seconds = median(samples, |sample| sample.took).as_secs_f64();
            let all = || samples.iter().map(|sample| sample.took.as_secs_f64());
            let best = all().fold(f64::INFINITY, f64::min);
            let worst = all().fold(0.0, f64::max);
            let trips = median(samples, |sample| sample.round_trips);
            let runs = samples.len();
            write!(f, "{name:30} {runs:4} {seconds:9.2} {best:9.2} {worst:9.2} {trips:7}")?;
            for other in ["floor: ssh host sh -s", "mxprov apply"] {
                let ratio = self.seconds(other).map_or(f64::NAN, |base| seconds / base);
                write!(f, " {ratio:8.2}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn median<T: Ord + Copy>(samples: &[Sample], of: impl Fn(&Sample) -> T) -> T {
    let mut values: Vec<T> = samples.iter().map(of).collect();
    values.sort_unstable();
    // The upper one of two in the middle: never better than it was.
    values[values.len() / 2]
}
