//! The stand-in of Azure Site Recovery: its API, written from its description alone, over a simulated estate.
//! What the description does not say is an inference, marked `(i)` where it is made.

mod advance;
mod answer;
mod ask;
mod begin;
mod bind;
mod body;
mod fault;
mod http;
mod item;
mod item_calls;
mod job;
mod job_calls;
mod kept;
mod names;
mod options;
mod page;
mod plan;
mod plan_calls;
mod plan_check;
mod program;
mod query;
mod record;
mod reprotect;
mod route;
mod service;
mod show_fabric;
mod show_item;
mod show_job;
mod show_point;
mod sign_in;
mod time;
mod vault;
mod view;

pub use fault::Fault;
pub use http::{Listening, serve};
pub use options::{Generation, Options, Token};
