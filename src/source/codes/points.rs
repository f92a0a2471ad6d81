//! MP04xx: recovery points that cannot be chosen.

use super::codes;

codes! {}
