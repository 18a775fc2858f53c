//! Verdicts and limits against laws that were made to deceive them: with parts so rare that a
//! sample has none, long tails, outliers, under every pairing, coupling and rematching.
//!
//! No false verdict may be given on any of them: no HOLDS where a rigorous bound on W₂ exceeds the
//! printed one, no REFUTED where the claim is a theorem, no VOID of the right program. The number
//! of limits that miss is compared with binomial limits. The number of withheld limits that would
//! have been right is printed: this is the price.
//!
//! `KAC_ADVERSARIES=2000 cargo test --release --test suite adversaries -- --nocapture` is the long search.

mod count;
mod generate;
mod reviewed;
mod truth;

use self::count::{Count, tried};
use self::generate::adversary;
use self::reviewed::{reviewed, reviewed_seeds};
use rayon::prelude::*;

/// The number of adversaries that are tried by default, and the number of seeds for each.
const FEW: u64 = 60;
const SEEDS: u64 = 2;

#[test]
fn nothing_false_is_said_of_adversaries() {
    let asked = std::env::var("KAC_ADVERSARIES").ok();
    let count = asked.map_or(FEW, |text| text.parse().expect("a number of adversaries"));
    let all = (0..count).into_par_iter().map(|number| {
        let adversary = adversary(number);
        let seeds = (0..SEEDS).map(|seed| tried(&adversary, 1000 * number + seed));
        seeds.fold(Count::default(), Count::with)
    });
    let all = all.reduce(Count::default, Count::with);
    println!("{all}");
    assert!(all.false_words.is_empty(), "{:#?}", all.false_words);
    all.assert_misses();
    // The search has given enough limits and enough verdicts that decide.
    assert!(all.limits[0].given > count / 4, "{all}");
    assert!(
        all.verdicts
            .iter()
            .any(|(word, &seen)| word.starts_with("HOLDS") && seen > 0)
    );
}

#[test]
fn nothing_false_is_said_where_it_once_was() {
    let each = |adversary| (0..3).map(move |seed| tried(adversary, seed));
    let adversaries = reviewed();
    let mut all: Vec<Count> = adversaries.par_iter().flat_map_iter(each).collect();
    let seeds = reviewed_seeds();
    all.extend(
        seeds
            .iter()
            .map(|(adversary, seed)| tried(adversary, *seed)),
    );
    let all = all.into_iter().fold(Count::default(), Count::with);
    assert!(all.false_words.is_empty(), "{:#?}", all.false_words);
}
