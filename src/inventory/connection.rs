//! The names of variables that say how a host is reached.

/// Variables that say how a host is reached, whoever becomes what there.
pub const CONNECTION_VARIABLES: [&str; 20] = [
    "ansible_connection",
    "ansible_host",
    "ansible_host_key_checking",
    "ansible_password",
    "ansible_port",
    "ansible_private_key_file",
    "ansible_ssh_args",
    "ansible_ssh_common_args",
    "ansible_ssh_extra_args",
    "ansible_ssh_host",
    "ansible_ssh_host_key_checking",
    "ansible_ssh_pass",
    "ansible_ssh_password",
    "ansible_ssh_port",
    "ansible_ssh_private_key_file",
    "ansible_ssh_private_key_passphrase",
    "ansible_ssh_timeout",
    "ansible_ssh_user",
    "ansible_timeout",
    "ansible_user",
];
