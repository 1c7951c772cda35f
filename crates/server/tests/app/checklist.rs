//! The conformance checklist of the device protocol: one test for each item, named by its number. Details of each item
//! have tests of their own beside this file.

mod asking;
mod signing;
mod telling;
