//! The `kac` program.

fn main() -> std::process::ExitCode {
    kac_coupling::cli::main()
}
