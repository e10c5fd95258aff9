//! Traces of readings and the moods they must become.

use super::*;

/// A face that shows `emotion` with probability `p`; the rest is spread evenly.
fn face(emotion: Emotion, p: f32) -> SeenFace {
    let mut scores = [(1.0 - p) / 6.0; 7];
    scores[emotion as usize] = p;
    SeenFace { scores: Scores::from_array(scores), weight: 1.0 }
}

/// Repeatable noise: an xorshift generator, uniform in 0..1.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1 << 24) as f32
    }

    /// What a network gives for a face that shows `emotion`: logits with noise, peaks of 0.3 to 0.9.
    fn face(&mut self, emotion: Emotion) -> SeenFace {
        let mut logits = [0.0; 7];
        for logit in &mut logits {
            *logit = (self.next() + self.next() + self.next() - 1.5) * 1.6;
        }
        logits[emotion as usize] += 2.3;
        SeenFace { scores: Scores::softmax(logits), weight: 1.0 }
    }
}

/// Runs `seconds` at `fps` through the machine; `see` gives the faces at a time. Returns the
/// changes as (seconds, mood).
fn run(
    steady: &mut Steady,
    start: f64,
    seconds: f64,
    fps: f64,
    mut see: impl FnMut(f64) -> Vec<SeenFace>,
) -> Vec<(f64, Mood)> {
    let mut changes = Vec::new();
    for frame in 0..(seconds * fps) as u32 {
        let t = start + f64::from(frame) / fps;
        let room = steady.observe(Duration::from_secs_f64(t), &see(t));
        if room.changed {
            changes.push((t, room.mood));
        }
    }
    changes
}

fn moods(changes: &[(f64, Mood)]) -> Vec<Mood> {
    changes.iter().map(|(_, mood)| *mood).collect()
}

#[test]
fn a_real_change_is_reported_within_a_second_and_a_half() {
    for fps in [3.0, 10.0, 30.0] {
        // From a sure face, and from one as weak as networks give for a faint expression.
        for p in [0.55, 0.8] {
            for from in Emotion::ALL {
                for to in Emotion::ALL.into_iter().filter(|to| *to != from) {
                    let mut steady = Steady::new(MoodSettings::default());
                    run(&mut steady, 0.0, 5.0, fps, |_| vec![face(from, p)]);
                    // The expression changes right after the last frame: the worst moment.
                    let before = ((5.0 * fps) as u32 - 1) as f64 / fps;
                    let changes = run(&mut steady, 5.0, 3.0, fps, |_| vec![face(to, p)]);
                    assert_eq!(moods(&changes), [Mood::from(to)], "{from} to {to} at {fps} frames/s");
                    let took = changes[0].0 - before;
                    assert!(took <= 1.5, "{from} to {to} at {fps} frames/s took {took:.2} s");
                }
            }
        }
    }
}

#[test]
fn a_clear_change_takes_the_window_and_one_frame() {
    let settings = MoodSettings::default();
    let mut steady = Steady::new(settings);
    run(&mut steady, 0.0, 5.0, 100.0, |_| vec![face(Emotion::Sad, 0.75)]);
    let changes = run(&mut steady, 5.0, 3.0, 100.0, |_| vec![face(Emotion::Happy, 0.75)]);
    let took = changes[0].0 - 4.99;
    let window = settings.window().as_secs_f64();
    assert!((took - window).abs() < 0.05, "took {took:.3} s, the window is {window:.3} s");
}

#[test]
fn a_mood_that_is_seen_no_more_is_not_held_for_ever() {
    let scores = |happy: f32, sad: f32, neutral: f32| {
        let mut scores = [(1.0 - happy - sad - neutral) / 4.0; 7];
        for (emotion, score) in [(Emotion::Happy, happy), (Emotion::Sad, sad), (Emotion::Neutral, neutral)] {
            scores[emotion as usize] = score;
        }
        SeenFace { scores: Scores::from_array(scores), weight: 1.0 }
    };
    let smiling = face(Emotion::Happy, 0.8);
    // At rest this face leads by less than the margin, and by nearly nothing in the second case.
    let (at_rest, in_between) = (scores(0.21, 0.22, 0.5), scores(0.4, 0.1, 0.43));
    for fps in [3.0, 10.0, 30.0] {
        let mut steady = Steady::new(MoodSettings::default());
        assert_eq!(moods(&run(&mut steady, 0.0, 5.0, fps, |_| vec![smiling])), [Mood::Happy]);
        // A moment changes nothing, nor does what is hardly more likely.
        assert_eq!(run(&mut steady, 5.0, 2.0, fps, |_| vec![at_rest]), [], "{fps} frames/s");
        assert_eq!(run(&mut steady, 7.0, 5.0, fps, |_| vec![smiling]), [], "{fps} frames/s");
        assert_eq!(run(&mut steady, 12.0, 60.0, fps, |_| vec![in_between]), [], "{fps} frames/s");
        assert_eq!(run(&mut steady, 72.0, 5.0, fps, |_| vec![smiling]), [], "{fps} frames/s");
        let changes = run(&mut steady, 77.0, 60.0, fps, |_| vec![at_rest]);
        assert_eq!(moods(&changes), [Mood::Neutral], "{fps} frames/s");
        assert!((79.5..81.0).contains(&changes[0].0), "{fps} frames/s: {changes:?}");
    }
}

#[test]
fn an_input_that_alternates_does_not_flicker() {
    for fps in [3.0, 10.0, 30.0] {
        let mut steady = Steady::new(MoodSettings::default());
        let mut odd = false;
        let changes = run(&mut steady, 0.0, 60.0, fps, |_| {
            odd = !odd;
            vec![face(if odd { Emotion::Happy } else { Emotion::Angry }, 0.8)]
        });
        assert!(changes.len() <= 1, "{fps} frames/s: {changes:?}");
    }
}

#[test]
fn a_noisy_network_gives_one_steady_mood() {
    for fps in [3.0, 10.0, 30.0] {
        for emotion in Emotion::ALL {
            let mut noise = Noise(7 + emotion as u64);
            let mut wrong = 0;
            let mut steady = Steady::new(MoodSettings::default());
            let changes = run(&mut steady, 0.0, 120.0, fps, |_| {
                let face = noise.face(emotion);
                wrong += u32::from(face.scores.top().0 != emotion);
                vec![face]
            });
            assert!(wrong > 0, "the input is meant to be noisy");
            assert_eq!(moods(&changes), [Mood::from(emotion)], "{emotion} at {fps} frames/s, {wrong} wrong frames");
        }
    }
}

#[test]
fn the_first_mood_is_there_in_less_than_a_second() {
    let mut steady = Steady::new(MoodSettings::default());
    let changes = run(&mut steady, 0.0, 3.0, 10.0, |_| vec![face(Emotion::Surprise, 0.6)]);
    assert_eq!(moods(&changes), [Mood::Surprise]);
    assert!(changes[0].0 < 1.0, "{changes:?}");
}

#[test]
fn a_faint_reading_is_unsure() {
    let mut steady = Steady::new(MoodSettings::default());
    let changes = run(&mut steady, 0.0, 10.0, 10.0, |_| vec![face(Emotion::Fear, 0.25)]);
    assert_eq!(moods(&changes), [Mood::Unsure]);
    let room = steady.observe(Duration::from_secs(10), &[face(Emotion::Fear, 0.25)]);
    assert_eq!((room.people, room.confidence.percent()), (1, 25));
}

#[test]
fn two_faces_that_disagree_are_unsure_until_they_agree() {
    let mut steady = Steady::new(MoodSettings::default());
    let happy = face(Emotion::Happy, 0.8);
    let angry = face(Emotion::Angry, 0.8);
    let changes = run(&mut steady, 0.0, 5.0, 10.0, |_| vec![happy]);
    assert_eq!(moods(&changes), [Mood::Happy]);
    let changes = run(&mut steady, 5.0, 5.0, 10.0, |_| vec![happy, angry]);
    assert_eq!(moods(&changes), [Mood::Unsure]);
    assert_eq!(steady.observe(Duration::from_secs(10), &[angry, angry]).people, 2);
    let changes = run(&mut steady, 10.1, 5.0, 10.0, |_| vec![angry, angry]);
    assert_eq!(moods(&changes), [Mood::Angry]);
    // Two against one, or near against far, is no disagreement.
    assert_eq!(run(&mut steady, 15.1, 5.0, 10.0, |_| vec![angry, angry, happy]), []);
    assert_eq!(run(&mut steady, 20.1, 5.0, 10.0, |_| vec![SeenFace { weight: 4.0, ..angry }, happy]), []);
}

#[test]
fn a_pattern_taken_for_a_face_hardly_counts() {
    // Half the size of the real face, with scores as flat as such patterns have them.
    let mut steady = Steady::new(MoodSettings::default());
    let pattern = SeenFace { weight: 0.5, ..face(Emotion::Happy, 0.33) };
    let changes = run(&mut steady, 0.0, 5.0, 10.0, |_| vec![face(Emotion::Neutral, 0.85), pattern]);
    assert_eq!(moods(&changes), [Mood::Neutral]);
    let room = steady.observe(Duration::from_secs(5), &[face(Emotion::Neutral, 0.85), pattern]);
    assert!(room.confidence.get() > 0.7, "{:?}", room.confidence);
}

#[test]
fn a_face_lost_for_half_a_second_is_bridged() {
    let mut steady = Steady::new(MoodSettings::default());
    run(&mut steady, 0.0, 3.0, 10.0, |_| vec![face(Emotion::Happy, 0.7)]);
    for second in 3..20 {
        let start = f64::from(second);
        assert_eq!(run(&mut steady, start, 0.5, 10.0, |_| vec![]), []);
        assert_eq!(steady.observe(Duration::from_secs_f64(start + 0.45), &[]).people, 1);
        assert_eq!(run(&mut steady, start + 0.5, 0.5, 10.0, |_| vec![face(Emotion::Happy, 0.7)]), []);
    }
}

#[test]
fn a_room_left_alone_is_nobody_and_starts_afresh() {
    let mut steady = Steady::new(MoodSettings::default());
    run(&mut steady, 0.0, 3.0, 10.0, |_| vec![face(Emotion::Happy, 0.9)]);
    let changes = run(&mut steady, 3.0, 10.0, 10.0, |_| vec![]);
    assert_eq!(moods(&changes), [Mood::Nobody]);
    assert!((4.8..=5.1).contains(&changes[0].0), "{changes:?}");
    let room = steady.observe(Duration::from_secs(13), &[]);
    assert_eq!((room.people, room.confidence, room.scores), (0, Confidence::ZERO, Scores::default()));
    assert!(room.held > Duration::from_secs(7));
    let changes = run(&mut steady, 13.1, 3.0, 10.0, |_| vec![face(Emotion::Sad, 0.6)]);
    assert_eq!(moods(&changes), [Mood::Sad], "the happy face of before must not count");
}

#[test]
fn a_mood_that_outlasts_its_face_keeps_its_confidence() {
    let mut steady = Steady::new(MoodSettings { dwell_s: 10.0, nobody_after_s: 2.0, ..MoodSettings::default() });
    let changes = run(&mut steady, 0.0, 3.0, 10.0, |_| vec![face(Emotion::Happy, 0.9)]);
    assert_eq!(moods(&changes), [Mood::Happy]);
    let leaves = changes[0].0 + 10.0;
    let mut nobody = 0;
    for frame in 0..200 {
        let t = 3.0 + f64::from(frame) / 10.0;
        let room = steady.observe(Duration::from_secs_f64(t), &[]);
        if t < leaves - 0.05 {
            assert_eq!((room.mood, room.people), (Mood::Happy, 1), "at {t} s");
            assert!(room.confidence.get() > 0.8 && room.scores.to_array()[Emotion::Happy as usize] > 0.8, "at {t} s");
        } else if t > leaves + 0.05 {
            assert_eq!((room.mood, room.people, room.scores), (Mood::Nobody, 0, Scores::default()), "at {t} s");
        }
        nobody += u32::from(room.changed);
    }
    assert_eq!(nobody, 1);
}

#[test]
fn a_second_face_missed_in_single_frames_does_not_change_the_count() {
    let mut steady = Steady::new(MoodSettings::default());
    let happy = face(Emotion::Happy, 0.8);
    run(&mut steady, 0.0, 3.0, 10.0, |_| vec![happy, happy]);
    for frame in 0..30 {
        let faces = [happy, happy];
        let seen = &faces[..if frame % 3 == 0 { 1 } else { 2 }];
        assert_eq!(steady.observe(Duration::from_millis(3000 + 100 * frame), seen).people, 2);
    }
    run(&mut steady, 6.0, 1.0, 10.0, |_| vec![happy]);
    assert_eq!(steady.observe(Duration::from_secs(7), &[happy]).people, 1);
}

#[test]
fn a_clock_that_jumps_is_harmless() {
    let mut steady = Steady::new(MoodSettings::default());
    let sad = face(Emotion::Sad, 0.7);
    assert_eq!(moods(&run(&mut steady, 1000.0, 3.0, 10.0, |_| vec![sad])), [Mood::Sad]);
    // Back by a quarter of an hour: no change, and no waiting until the clock has caught up.
    assert_eq!(run(&mut steady, 100.0, 3.0, 10.0, |_| vec![sad]), []);
    let changes = run(&mut steady, 103.0, 3.0, 10.0, |_| vec![face(Emotion::Happy, 0.8)]);
    assert_eq!(moods(&changes), [Mood::Happy]);
    assert!(changes[0].0 < 104.5, "{changes:?}");
    // Ahead by a day, and frames that share one time.
    assert_eq!(run(&mut steady, 86_400.0, 3.0, 10.0, |_| vec![face(Emotion::Happy, 0.8)]), []);
    for _ in 0..100 {
        assert!(!steady.observe(Duration::from_secs(86_403), &[sad]).changed, "no time has passed");
    }
    // Ahead by another day, in the one frame that misses the face.
    assert!(!steady.observe(Duration::from_secs(172_803), &[]).changed, "nobody has left");
    assert_eq!(run(&mut steady, 172_803.1, 3.0, 10.0, |_| vec![face(Emotion::Happy, 0.8)]), []);
    let room = steady.observe(Duration::MAX, &[sad]);
    assert!(room.scores.to_array().iter().all(|s| s.is_finite()));
}

#[test]
fn weights_of_every_kind_are_accepted() {
    for weight in [0.0, -1.0, f32::NAN, f32::INFINITY, f32::MIN_POSITIVE / 2.0, f32::MAX] {
        let mut steady = Steady::new(MoodSettings::default());
        let odd = SeenFace { weight, ..face(Emotion::Happy, 0.8) };
        let changes = run(&mut steady, 0.0, 3.0, 10.0, |_| vec![odd, odd]);
        assert_eq!(moods(&changes), [Mood::Happy], "weight {weight}");
    }
}

#[test]
fn whatever_comes_the_mood_never_changes_twice_within_the_dwell() {
    let settings = MoodSettings::default();
    for seed in 1..200 {
        let mut noise = Noise(seed * 7919);
        let mut steady = Steady::new(settings);
        let mut at = 0.0;
        let mut last_change: Option<f64> = None;
        let mut emotion = Emotion::Neutral;
        for _ in 0..1500 {
            at += f64::from(noise.next()) * 0.4;
            if noise.next() < 0.1 {
                emotion = Emotion::ALL[(noise.next() * 7.0) as usize];
            }
            let faces: Vec<_> = (0..(noise.next() * 4.0) as usize).map(|_| noise.face(emotion)).collect();
            let before = steady.mood;
            let room = steady.observe(Duration::from_secs_f64(at), &faces);
            assert_eq!(room.changed, room.mood != before);
            assert_eq!(room.people == 0, room.mood == Mood::Nobody);
            if room.changed {
                if let Some(last) = last_change {
                    assert!(at - last >= f64::from(settings.dwell_s) - 0.001, "seed {seed}: {last} then {at}");
                }
                last_change = Some(at);
            }
        }
        assert!(last_change.is_some(), "seed {seed} never changed");
    }
}

#[test]
fn settings_out_of_range_are_named() {
    assert_eq!(MoodSettings::default().check(), Ok(()));
    let error = MoodSettings { dwell_s: f32::NAN, ..MoodSettings::default() }.check().unwrap_err();
    assert!(error.contains("dwell_s"), "{error}");
    let error = MoodSettings { margin: 1.5, ..MoodSettings::default() }.check().unwrap_err();
    assert!(error.contains("margin"), "{error}");
    // Even unchecked, the extremes do no harm.
    let wild = MoodSettings { average_s: 0.0, confirm_s: 0.0, dwell_s: 0.0, ..MoodSettings::default() };
    run(&mut Steady::new(wild), 0.0, 1.0, 10.0, |_| vec![face(Emotion::Happy, 0.8)]);
    assert!(MoodSettings { margin: 1.0, ..wild }.window() < Duration::from_secs(600));
}
