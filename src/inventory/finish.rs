//! From the draft to the inventory: who belongs to whom, depths, loops.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use indexmap::IndexMap;

use super::draft::{Draft, DraftGroup};
use super::{Group, Host};
use crate::diagnostic::Diagnostic;

/// The related groups and hosts by name.
pub type Finished = (IndexMap<String, Group>, IndexMap<String, Host>);

/// Relates and orders the groups and hosts of a draft.
pub fn finish(mut draft: Draft) -> Result<Finished, Diagnostic> {
    adopt_orphans(&mut draft);
    refuse_loops(&draft.groups)?;
    let depths = depths(&draft.groups);
    let memberships = memberships(&draft.groups);
    let groups: IndexMap<String, Group> = draft
        .groups
        .iter()
        .map(|(name, group)| (name.clone(), finished(name, group, depths[name.as_str()])))
        .collect();
    let rank = |name: &String| {
        let group = &groups[name];
        (group.depth, group.priority, name.clone())
    };
    let hosts = draft
        .hosts
        .into_iter()
        .map(|(name, host)| {
            let mut own: Vec<String> =
                memberships.get(&name).into_iter().flatten().cloned().collect();
            own.sort_by_key(rank);
            let vars = Arc::new(host.vars);
            let host =
                Host { name: name.clone(), span: host.span, file: host.file, groups: own, vars };
            (name, host)
        })
        .collect();
    Ok((groups, hosts))
}

fn finished(name: &str, group: &DraftGroup, depth: usize) -> Group {
    Group {
        name: name.to_string(),
        span: group.span.clone(),
        hosts: group.hosts.iter().cloned().collect(),
        children: group.children.keys().cloned().collect(),
        vars: Arc::new(group.vars.clone()),
        priority: group.priority,
        depth,
    }
}

/// Groups without a parent become children of `all`; hosts without a group go to `ungrouped`.
fn adopt_orphans(draft: &mut Draft) {
    let children: HashSet<String> =
        draft.groups.values().flat_map(|group| group.children.keys().cloned()).collect();
    let orphans: Vec<String> = draft
        .groups
        .keys()
        .filter(|name| *name != "all" && !children.contains(*name))
        .cloned()
        .collect();
    for orphan in orphans {
        draft.groups["all"].children.insert(orphan, None);
    }
    let grouped: HashSet<String> = draft
        .groups
        .iter()
        .filter(|(name, _)| *name != "all" && *name != "ungrouped")
        .flat_map(|(_, group)| group.hosts.iter().cloned())
        .collect();
    let ungrouped = &mut draft.groups["ungrouped"].hosts;
    ungrouped.retain(|host| !grouped.contains(host));
    ungrouped.extend(draft.hosts.keys().filter(|host| !grouped.contains(*host)).cloned());
}

/// A group that is its own ancestor is told with the way that leads back to it.
fn refuse_loops(groups: &IndexMap<String, DraftGroup>) -> Result<(), Diagnostic> {
    let mut done: HashSet<&str> = HashSet::new();
    for start in groups.keys() {
        // Each frame is a group and how many of its children were looked at.
        let mut path: Vec<(&str, usize)> = vec![(start, 0)];
        while let Some((name, next)) = path.last().copied() {
            let child = groups[name].children.get_index(next);
            let Some((child, span)) = child.filter(|_| !done.contains(name)) else {
                done.insert(name);
                path.pop();
                continue;
            };
            if let Some(last) = path.last_mut() {
                last.1 += 1;
            }
            if let Some(first) = path.iter().position(|(other, _)| other == child) {
                let way: Vec<String> = path[first..]
                    .iter()
                    .map(|(name, _)| *name)
                    .chain([child.as_str()])
                    .map(|name| format!("`{name}`"))
                    .collect();
                return Err(Diagnostic::new(format!("the group `{child}` is its own ancestor"))
                    .at_maybe(span.as_ref())
                    .hint(format!("{}: take one of these children out", way.join(" → "))));
            }
            if !done.contains(child.as_str()) {
                path.push((child, 0));
            }
        }
    }
    Ok(())
}

/// The longest way from `all` to each group. There are no loops here.
fn depths(groups: &IndexMap<String, DraftGroup>) -> HashMap<&str, usize> {
    let mut depths: HashMap<&str, usize> = groups.keys().map(|name| (name.as_str(), 0)).collect();
    // As many rounds as the longest way has steps, which is less than the number of groups.
    for _ in 0..groups.len() {
        let mut changed = false;
        for (name, group) in groups {
            let below = depths[name.as_str()] + 1;
            for child in group.children.keys() {
                if depths[child.as_str()] < below {
                    depths.insert(child, below);
                    changed = true;
                }
            }
        }
        if !changed {
            break;
        }
    }
    depths
}

/// The groups of each host, those above its own too.
fn memberships(groups: &IndexMap<String, DraftGroup>) -> HashMap<String, BTreeSet<String>> {
    let mut parents: HashMap<&str, Vec<&str>> = HashMap::new();
    for (name, group) in groups {
        for child in group.children.keys() {
            parents.entry(child).or_default().push(name);
        }
    }
    let mut out: HashMap<String, BTreeSet<String>> = HashMap::new();
    for (name, group) in groups {
        let mut above: BTreeSet<&str> = BTreeSet::new();
        let mut open = vec![name.as_str()];
        while let Some(next) = open.pop() {
            if above.insert(next) {
                open.extend(parents.get(next).into_iter().flatten());
            }
        }
        for host in &group.hosts {
            let own = out.entry(host.clone()).or_default();
            own.insert("all".to_string());
            own.extend(above.iter().map(ToString::to_string));
        }
    }
    out
}
