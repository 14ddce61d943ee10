//! Generates the typed face of the service from its model.

fn main() {
    kumoi_codegen::Generator::new("sqs").all_operations().write();
}
