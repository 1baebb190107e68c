//! The shim alone, for tests of the node: what `qalam shim` is in the product.

fn main() -> std::process::ExitCode {
    platform::cluster::node::shim::main(std::env::args_os().skip(1))
}
