//! Paths of a host as modules look at them.

use crate::resource::file::{PathKind, PathState};
use crate::resource::{Host, Suspend};

/// The path as the arguments give it, without slashes at its end; `~` and `~user` are homes.
pub fn absolute(argument: &str, path: &str, host: &Host<'_>) -> Result<String, Suspend> {
    let path = match path.strip_prefix('~') {
        Some(rest) => {
            let (user, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let home = if user.is_empty() { host.own_home()? } else { host.home(user)?.path };
            format!("{}{rest}", home.trim_end_matches('/'))
        }
        None => path.to_string(),
    };
    if !path.starts_with('/') {
        return Err(Suspend::failed(format!("`{argument}` must be absolute, not `{path}`")));
    }
    let trimmed = path.trim_end_matches('/');
    Ok(if trimmed.is_empty() { "/".to_string() } else { trimmed.to_string() })
}

/// The directory that a path is in.
pub fn parent(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(slash) => &path[..slash],
    }
}

/// The last part of a path.
pub fn base_name(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    path.rsplit('/').next().unwrap_or(path)
}

/// The path that a link stands for; at most 16 links are followed.
pub fn resolve(path: &str, host: &Host<'_>) -> Result<String, Suspend> {
    let mut path = path.to_string();
    for _ in 0..16 {
        let state = host.path_to_replace(&path)?;
        let target = match state.attributes().map(|found| &found.kind) {
            Some(PathKind::Link(target)) => target.clone(),
            _ => return Ok(path),
        };
        path = join(&path, &target);
    }
    Err(Suspend::failed(format!("`{path}` goes through too many links")))
}

/// A link's target as an absolute path.
pub fn join(link: &str, target: &str) -> String {
    match (target.starts_with('/'), link.rfind('/')) {
        (true, _) | (_, None) => target.to_string(),
        (false, Some(slash)) => {
            crate::files::clean(std::path::Path::new(&format!("{}/{target}", &link[..slash])))
                .display()
                .to_string()
        }
    }
}

/// The parents that are not there, outermost first.
pub fn missing_parents(path: &str, host: &Host<'_>) -> Result<Vec<String>, Suspend> {
    let mut missing = Vec::new();
    let mut end = path.len();
    while let Some(slash) = path[..end].rfind('/').filter(|slash| *slash > 0) {
        end = slash;
        match &*host.path_to_replace(&path[..end])? {
            PathState::Absent => missing.push(path[..end].to_string()),
            PathState::Present(found) if found.kind == PathKind::File => {
                return Err(Suspend::failed(format!(
                    "`{}` is a file, not a directory",
                    &path[..end]
                )));
            }
            PathState::Present(_) => break,
        }
    }
    missing.reverse();
    Ok(missing)
}

/// Whether a directory stands there, or a link to one.
pub fn is_directory(path: &str, host: &Host<'_>) -> Result<bool, Suspend> {
    match host.path_to_replace(path)?.attributes().map(|found| &found.kind) {
        Some(PathKind::Link(_)) => Ok(host.path_to_replace(&resolve(path, host)?)?.is_directory()),
        kind => Ok(kind == Some(&PathKind::Directory)),
    }
}
