//! The order in which variables win.

use std::sync::Arc;

use crate::value::Map;

/// Where a variable comes from; a later kind wins over an earlier one.
///
/// Source: Ansible's documentation, "Understanding variable precedence".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LayerKind {
    /// Connection settings of the command line (`-u`), which are no variables.
    CommandLine,
    /// `defaults/main.yml` of roles.
    RoleDefaults,
    /// Variables of groups in the inventory's own files; `all` first.
    InventoryGroups,
    /// `group_vars/all` beside the inventory.
    InventoryGroupVarsAll,
    /// `group_vars/all` beside the playbook.
    PlaybookGroupVarsAll,
    /// `group_vars/*` beside the inventory.
    InventoryGroupVars,
    /// `group_vars/*` beside the playbook.
    PlaybookGroupVars,
    /// Variables of the host in the inventory's own files.
    InventoryHost,
    /// `host_vars/*` beside the inventory.
    InventoryHostVars,
    /// `host_vars/*` beside the playbook.
    PlaybookHostVars,
    /// Facts of the host, and `set_fact` with `cacheable`.
    Facts,
    /// `vars:` of the play.
    PlayVars,
    /// `vars_prompt:` of the play.
    PlayVarsPrompt,
    /// `vars_files:` of the play.
    PlayVarsFiles,
    /// `vars/main.yml` of roles.
    RoleVars,
    /// `vars:` of blocks.
    BlockVars,
    /// `vars:` of the task.
    TaskVars,
    /// `include_vars`.
    IncludeVars,
    /// `set_fact` and `register`.
    SetFacts,
    /// Parameters of a role where it is used.
    RoleParams,
    /// Parameters of `include_role` and `include_tasks`.
    IncludeParams,
    /// `-e` on the command line: wins always.
    ExtraVars,
}

/// Some variables with their rank. In a list of layers a later one wins.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The rank.
    pub kind: LayerKind,
    /// Whose they are: the group, the host, or the file for people to look at.
    pub origin: Arc<str>,
    /// The variables; strings know their place.
    pub vars: Arc<Map>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_ansibles() {
        use LayerKind as L;
        let order = [
            L::CommandLine,
            L::RoleDefaults,
            L::InventoryGroups,
            L::InventoryGroupVarsAll,
            L::PlaybookGroupVarsAll,
            L::InventoryGroupVars,
            L::PlaybookGroupVars,
            L::InventoryHost,
            L::InventoryHostVars,
            L::PlaybookHostVars,
            L::Facts,
            L::PlayVars,
            L::PlayVarsPrompt,
            L::PlayVarsFiles,
            L::RoleVars,
            L::BlockVars,
            L::TaskVars,
            L::IncludeVars,
            L::SetFacts,
            L::RoleParams,
            L::IncludeParams,
            L::ExtraVars,
        ];
        assert_eq!(order.len(), 22);
        assert!(order.is_sorted());
    }
}
