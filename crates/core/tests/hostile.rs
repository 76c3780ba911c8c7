//! Input that nobody should give, and settings at the ends of their ranges: each test states what happens.
//!
//! | module | what is strange |
//! | --- | --- |
//! | `texts` | parts of a mebibyte, empty parts, every plane of Unicode |
//! | `collisions` | a million keys built to collide |
//! | `times` | times to live of 0, of 1 ms and for ever; a clock at the end of its range |
//! | `shapes` | bounds of 1 and without end, 1 partition and 4,096 of them |
//! | `owners` | a million owners |

#[path = "hostile/collisions.rs"]
mod collisions;
#[path = "hostile/owners.rs"]
mod owners;
mod patience;
#[path = "hostile/shapes.rs"]
mod shapes;
#[path = "hostile/texts.rs"]
mod texts;
#[path = "hostile/times.rs"]
mod times;
