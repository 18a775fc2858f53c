//! Text and files of users: what is read from them, and how it is said back to them.

pub mod input;
pub mod quote;
pub(crate) mod words;
