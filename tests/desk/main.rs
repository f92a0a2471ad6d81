//! The operator's desk: every state of a run and of a step, every request, and what becomes of it. The whole
//! table is data, in `tests/golden/desk.txt`, which people may read; the condensed one is in `docs/desk.md`.

mod lab;
mod paper;
mod proofs;
mod scenes;
mod table;
mod words;
