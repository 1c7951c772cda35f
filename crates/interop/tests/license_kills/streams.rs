//! Applications that activate, give back and count, as fast as they can until the server is gone.

use std::collections::{BTreeSet, VecDeque};
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;

use anyhow::{Result, anyhow, ensure};
use countersign_interop::Answer;

use crate::application::{Application, COUNTED, Call, Meter, Wish};

/// Streams that activate and give back.
const MOVING: usize = 3;
/// Streams that count, each in units of its own: a power of two, so that a sum tells which of them has counted.
const COUNTING: usize = 3;
/// The first of them.
pub(crate) const FIRST_METER: usize = MOVING;
/// How often a stream gives units back, once there are too few.
const BACK: u32 = 10;

/// The threads that send. Each ends with the call that got no answer, if there is one.
pub(crate) struct Streams(Vec<JoinHandle<Result<Option<Call>>>>);

/// What one stream knows.
struct Stream {
    number: usize,
    round: u32,
    /// Devices of this stream that have the license.
    mine: VecDeque<String>,
    /// The license is active on as many devices as it may be.
    full: bool,
    /// How often it still gives units back, of the license and of the feature.
    back: [u32; 2],
}

/// Activates the license with units for each stream that counts.
pub(crate) fn activate_meters(application: &Application) -> Result<()> {
    for stream in FIRST_METER..FIRST_METER + COUNTING {
        let call = Call { stream, device: meter(stream), wish: Wish::Activate, key: None };
        let answer = application.send_for(COUNTED, &call)?;
        ensure!(answer.status == 200, "{answer:?}");
    }
    Ok(())
}

/// The device on which a stream counts.
pub(crate) fn meter(stream: usize) -> String {
    format!("meter-{stream}")
}

impl Streams {
    pub(crate) fn start(
        application: &Application,
        round: u32,
        active: &BTreeSet<String>,
        answered: &Sender<(Call, Answer)>,
    ) -> Result<Self> {
        let stream = |number: usize| {
            let mine = active.iter().filter(|device| device.starts_with(&format!("{number}-"))).cloned().collect();
            let mut stream = Stream { number, round, mine, full: false, back: [0; 2] };
            let (application, answered) = (application.clone(), answered.clone());
            let run = move || stream.run(&application, &answered);
            std::thread::Builder::new().name(format!("stream {number}")).spawn(run)
        };
        Ok(Self((0..MOVING + COUNTING).map(stream).collect::<Result<_, _>>()?))
    }

    /// Waits for all threads, which end when the server is gone. Gives the calls that got no answer.
    pub(crate) fn join(self) -> Result<Vec<Call>> {
        let mut unanswered = Vec::new();
        for thread in self.0 {
            unanswered.extend(thread.join().map_err(|_| anyhow!("a stream panicked"))??);
        }
        Ok(unanswered)
    }
}

impl Stream {
    fn run(&mut self, application: &Application, answered: &Sender<(Call, Answer)>) -> Result<Option<Call>> {
        for number in 0.. {
            let call = self.next(number);
            let Some(answer) = unless_gone(application.send(&call))? else { return Ok(Some(call)) };
            self.hear(&call, &answer);
            answered.send((call.clone(), answer.clone()))?;
            if number.is_multiple_of(4) && call.key.is_some() {
                let Some(again) = unless_gone(application.send(&call))? else { return Ok(None) };
                ensure!(again == answer, "{call:?} was answered with {answer:?}, and then with {again:?}");
            }
        }
        Ok(None)
    }

    fn next(&mut self, number: u32) -> Call {
        let Self { number: stream, round, .. } = *self;
        let key = number.is_multiple_of(2).then(|| format!("{stream}-{round}-{number}"));
        if stream >= MOVING {
            let meter = if (number / 2).is_multiple_of(2) { Meter::License } else { Meter::Feature };
            let back = &mut self.back[meter as usize];
            let units = 1_i64 << (stream - MOVING);
            let units = if *back > 0 { -units } else { units };
            *back = back.saturating_sub(1);
            return Call { stream, device: self::meter(stream), wish: Wish::Count(meter, units), key };
        }
        if (self.full || number % 3 == 2)
            && let Some(device) = self.mine.pop_front()
        {
            self.full = false;
            return Call { stream, device, wish: Wish::Release, key: None };
        }
        Call { stream, device: format!("{stream}-{round}-{number}"), wish: Wish::Activate, key }
    }

    fn hear(&mut self, call: &Call, answer: &Answer) {
        match call.wish {
            Wish::Activate if answer.status == 200 => self.mine.push_back(call.device.clone()),
            Wish::Activate => self.full = true,
            Wish::Count(meter, _) if answer.status != 200 => self.back[meter as usize] = BACK,
            Wish::Release | Wish::Count(..) => {}
        }
    }
}

/// No answer when the server is gone; an answer that is wrong is another matter.
pub(crate) fn unless_gone(answer: Result<Answer>) -> Result<Option<Answer>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.downcast_ref::<ureq::Error>().is_some() => Ok(None),
        Err(error) => Err(error),
    }
}
