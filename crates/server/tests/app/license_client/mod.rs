//! The license client against this server, over a real socket: what it does with answers, and what it does without them. Both
//! clocks are one, and are moved.

mod carried;
mod online;
mod others;
mod outages;
mod processes;
mod returned;
mod seats;
mod support;
