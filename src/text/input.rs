//! Reading of users' files: regular files of bounded length, and the numbers in them.
//!
//! Devices and pipes may have no end, and may never begin, so they are not opened at all.

use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result, Take};
use std::path::Path;

/// The largest length of a config, in bytes.
pub const LONGEST_CONFIG: u64 = 1_000_000;

/// The largest length of a file of data, in bytes.
pub const LONGEST_DATA: u64 = 1_000_000_000;

/// Opens a regular file of at most so many bytes. Reading gives at most one byte more than that, even if the file
/// grows.
///
/// # Errors
///
/// If the file cannot be opened, is no regular file, or is longer.
pub fn open(path: &Path, most: u64) -> Result<Take<File>> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        let problem = format!("it is not a regular file (of at most {most} bytes)");
        return Err(Error::other(problem));
    }
    if metadata.len() > most {
        return Err(too_long(most));
    }
    Ok(File::open(path)?.take(most + 1))
}

/// The contents of a regular file of at most so many bytes.
///
/// # Errors
///
/// If [`open`] gives an error, or the file cannot be read.
pub fn contents(path: &Path, most: u64) -> Result<Vec<u8>> {
    let mut contents = vec![];
    let count = open(path, most)?.read_to_end(&mut contents)?;
    if count as u64 > most {
        return Err(too_long(most));
    }
    Ok(contents)
}

/// The SHA-256 of the bytes that a hasher was given, in hexadecimal digits.
pub fn hexadecimal(hasher: Sha256) -> String {
    let mut digits = String::new();
    for byte in hasher.finalize() {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// True if a number that is not 0 was read as 0, since it is too small to be represented.
pub fn is_underflow(written: &str, number: f64) -> bool {
    let mantissa = written.split(['e', 'E']).next().unwrap_or_default();
    number == 0.0 && mantissa.contains(|digit| ('1'..='9').contains(&digit))
}

/// The error of a file that is longer than it may be.
pub fn too_long(most: u64) -> Error {
    Error::other(format!(
        "it is longer than {most} bytes, the most that is read"
    ))
}
