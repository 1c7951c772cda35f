//! Vocabulary and rules of Countersign: pure, synchronous, no I/O.
