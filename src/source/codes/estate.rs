//! MP05xx: inventories, providers and estates.

use super::codes;

codes! {}
