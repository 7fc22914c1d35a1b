//! `serial`: a play's hosts in batches.

use std::sync::Arc;

use crate::diagnostic::Diagnostics;
use crate::module::Argument;
use crate::playbook::Play;
use crate::value::Value;

use super::outcome::words_of;
use super::render::Render;
use super::rollout::wrong;

/// The hosts in batches; the last size repeats.
pub fn batches(
    hosts: &[Arc<str>],
    play: &Play,
    render: &Render<'_>,
) -> Result<Vec<Vec<Arc<str>>>, Diagnostics> {
    let Some(setting) = &play.serial else { return Ok(vec![hosts.to_vec()]) };
    let value =
        render.value(&setting.value).map_err(|suspend| wrong(setting, &words_of(&suspend)))?;
    let sizes: Vec<Value> = match &value {
        Value::List(items) => items.to_vec(),
        other => vec![other.clone()],
    };
    let mut batches = Vec::new();
    let mut rest = hosts;
    let mut index = 0;
    while !rest.is_empty() {
        let size = sizes.get(index).or(sizes.last()).map(|size| batch_size(size, hosts.len()));
        let size =
            size.transpose().map_err(|problem| wrong(setting, &problem))?.unwrap_or(rest.len());
        let (batch, later) = rest.split_at(size.min(rest.len()));
        batches.push(batch.to_vec());
        rest = later;
        index += 1;
    }
    Ok(batches)
}

fn batch_size(size: &Value, hosts: usize) -> Result<usize, String> {
    let wrong = || format!("`serial` needs a number of hosts or a percentage, not {size:?}");
    let number = match size.as_str().and_then(|text| text.trim().strip_suffix('%')) {
        Some(percent) => {
            let percent: f64 = percent.trim().parse().map_err(|_| wrong())?;
            #[expect(clippy::cast_precision_loss, reason = "numbers of hosts")]
            let share = percent / 100.0 * hosts as f64;
            #[expect(clippy::cast_possible_truncation, reason = "numbers of hosts")]
            let share = share as i64;
            share.max(1)
        }
        None => i64::read(size).map_err(|_| wrong())?,
    };
    // Ansible takes 0 and less for all hosts.
    Ok(if number <= 0 { hosts } else { usize::try_from(number).unwrap_or(hosts) })
}
