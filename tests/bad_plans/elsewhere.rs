//! The codes without a folder in `tests/bad`, each with the reason and where it is tested instead.

/// Code and reason.
pub(crate) const ELSEWHERE: &[(&str, &str)] = &[
    ("MP0101", "the plan would have to be larger than 40 MiB; see syntax_messages.rs"),
    ("MP0564", "a part of another message; see command_provider/hostile.rs"),
    ("MP0565", "a part of another message; see command_provider/hostile.rs"),
    ("MP0566", "a part of another message; see command_provider/hostile.rs"),
    ("MP0567", "a part of another message; see command_provider/hostile.rs"),
    ("MP0568", "a part of another message; see command_provider/hostile.rs"),
    ("MP0569", "a part of another message; see command_provider/hostile.rs"),
];
