//! Compiles `api/*.proto` without protoc: protox parses, tonic generates.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=api");
    let files = protox::compile(["api/api.proto"], ["api"])?;
    tonic_prost_build::configure().compile_fds(files)?;
    Ok(())
}
