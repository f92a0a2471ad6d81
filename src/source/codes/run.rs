//! MP06xx: runs, run logs and the state folder.

use super::codes;

codes! {}
