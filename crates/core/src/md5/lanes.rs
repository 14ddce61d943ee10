//! The compression function of MD5 (RFC 1321), for several messages at once: one step of each message in each lane of a vector.
//!
//! The loops over lanes are what the compiler makes vector instructions of. Each step of MD5 waits for the one before, so a lone message leaves most of a
//! processor idle; four go through together in little more than the time of one.
#![expect(clippy::indexing_slicing, reason = "lanes and words are counted by types")]

use std::array::from_fn;

/// The value that a message has come to.
pub(super) type State = [u32; 4];

/// Bytes that are taken at once.
pub(super) const BLOCK: usize = 64;

/// That of no bytes.
pub(super) const START: State = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// The most messages at once.
pub(super) const MOST: usize = 8;

/// A message, and its next blocks.
pub(super) struct Lane<'a> {
    pub(super) state: &'a mut State,
    pub(super) blocks: &'a [[u8; BLOCK]],
}

/// Takes as many blocks of each of at most [`MOST`] messages as all of them have; how many.
pub(super) fn advance(lanes: &mut [Lane<'_>]) -> usize {
    let count = lanes.iter().map(|lane| lane.blocks.len()).min().unwrap_or(0);
    match lanes.len() {
        0 | 1 => together::<1>(lanes, count),
        2..=4 => together::<4>(lanes, count),
        _ => together::<MOST>(lanes, count),
    }
    count
}

fn together<const L: usize>(lanes: &mut [Lane<'_>], count: usize) {
    const NONE: [u8; BLOCK] = [0; BLOCK];
    let mut words = from_fn(|word| from_fn(|lane| lanes.get(lane).map_or(0, |lane| lane.state[word])));
    for at in 0..count {
        compress::<L>(
            &mut words,
            from_fn(|lane| lanes.get(lane).and_then(|lane| lane.blocks.get(at)).unwrap_or(&NONE)),
        );
    }
    for (lane, message) in lanes.iter_mut().enumerate() {
        *message.state = words.map(|word| word[lane]);
    }
}

/// A word of each message.
type Word<const L: usize> = [u32; L];

#[inline(always)]
fn step<const L: usize>(mixed: Word<L>, a: Word<L>, b: Word<L>, word: Word<L>, constant: u32, turn: u32) -> Word<L> {
    from_fn(|i| {
        let sum = a[i].wrapping_add(mixed[i]).wrapping_add(word[i].wrapping_add(constant));
        sum.rotate_left(turn).wrapping_add(b[i])
    })
}

#[inline(always)]
fn choose<const L: usize>(x: Word<L>, y: Word<L>, z: Word<L>) -> Word<L> {
    from_fn(|i| z[i] ^ (x[i] & (y[i] ^ z[i])))
}

#[inline(always)]
fn choose_back<const L: usize>(x: Word<L>, y: Word<L>, z: Word<L>) -> Word<L> {
    choose(z, x, y)
}

#[inline(always)]
fn parity<const L: usize>(x: Word<L>, y: Word<L>, z: Word<L>) -> Word<L> {
    from_fn(|i| x[i] ^ y[i] ^ z[i])
}

#[inline(always)]
fn either<const L: usize>(x: Word<L>, y: Word<L>, z: Word<L>) -> Word<L> {
    from_fn(|i| y[i] ^ (x[i] | !z[i]))
}

#[inline(always)]
fn compress<const L: usize>(state: &mut [Word<L>; 4], blocks: [&[u8; BLOCK]; L]) {
    let words: [[u32; 16]; L] = blocks.map(|block| {
        let (bytes, _) = block.as_chunks::<4>();
        from_fn(|word| u32::from_le_bytes(bytes[word]))
    });
    let m: [Word<L>; 16] = from_fn(|word| from_fn(|lane| words[lane][word]));
    let [mut a, mut b, mut c, mut d] = *state;
    // Four steps: the function, the words that they take, how far they turn, and what they add.
    macro_rules! steps {
        ($($mix:ident [$w0:literal $w1:literal $w2:literal $w3:literal] [$t0:literal $t1:literal $t2:literal $t3:literal]
           [$k0:literal $k1:literal $k2:literal $k3:literal])*) => {$(
            a = step($mix(b, c, d), a, b, m[$w0], $k0, $t0);
            d = step($mix(a, b, c), d, a, m[$w1], $k1, $t1);
            c = step($mix(d, a, b), c, d, m[$w2], $k2, $t2);
            b = step($mix(c, d, a), b, c, m[$w3], $k3, $t3);
        )*};
    }
    steps! {
        choose [0 1 2 3] [7 12 17 22] [0xd76a_a478 0xe8c7_b756 0x2420_70db 0xc1bd_ceee]
        choose [4 5 6 7] [7 12 17 22] [0xf57c_0faf 0x4787_c62a 0xa830_4613 0xfd46_9501]
        choose [8 9 10 11] [7 12 17 22] [0x6980_98d8 0x8b44_f7af 0xffff_5bb1 0x895c_d7be]
        choose [12 13 14 15] [7 12 17 22] [0x6b90_1122 0xfd98_7193 0xa679_438e 0x49b4_0821]
        choose_back [1 6 11 0] [5 9 14 20] [0xf61e_2562 0xc040_b340 0x265e_5a51 0xe9b6_c7aa]
        choose_back [5 10 15 4] [5 9 14 20] [0xd62f_105d 0x0244_1453 0xd8a1_e681 0xe7d3_fbc8]
        choose_back [9 14 3 8] [5 9 14 20] [0x21e1_cde6 0xc337_07d6 0xf4d5_0d87 0x455a_14ed]
        choose_back [13 2 7 12] [5 9 14 20] [0xa9e3_e905 0xfcef_a3f8 0x676f_02d9 0x8d2a_4c8a]
        parity [5 8 11 14] [4 11 16 23] [0xfffa_3942 0x8771_f681 0x6d9d_6122 0xfde5_380c]
        parity [1 4 7 10] [4 11 16 23] [0xa4be_ea44 0x4bde_cfa9 0xf6bb_4b60 0xbebf_bc70]
        parity [13 0 3 6] [4 11 16 23] [0x289b_7ec6 0xeaa1_27fa 0xd4ef_3085 0x0488_1d05]
        parity [9 12 15 2] [4 11 16 23] [0xd9d4_d039 0xe6db_99e5 0x1fa2_7cf8 0xc4ac_5665]
        either [0 7 14 5] [6 10 15 21] [0xf429_2244 0x432a_ff97 0xab94_23a7 0xfc93_a039]
        either [12 3 10 1] [6 10 15 21] [0x655b_59c3 0x8f0c_cc92 0xffef_f47d 0x8584_5dd1]
        either [8 15 6 13] [6 10 15 21] [0x6fa8_7e4f 0xfe2c_e6e0 0xa301_4314 0x4e08_11a1]
        either [4 11 2 9] [6 10 15 21] [0xf753_7e82 0xbd3a_f235 0x2ad7_d2bb 0xeb86_d391]
    }
    for (word, sum) in state.iter_mut().zip([a, b, c, d]) {
        *word = from_fn(|i| word[i].wrapping_add(sum[i]));
    }
}
