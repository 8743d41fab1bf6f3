/// How far numbers may lie from their references, as a share of the reference's largest magnitude.
///
/// The references were computed in float64. A test that needs more than its tolerance has found something.
package enum Tolerance {
    /// Values and gradients of one operation in float32: sums of up to a few hundred products.
    package static let operation = 1e-5
    /// Values and gradients of one operation on bfloat16 maps, against the same operation in float32 on the same numbers: the
    /// result is rounded to 8 bits, and so is what its backward reads.
    package static let bfloat16 = 1.0 / 128
    /// Feature maps after a whole backbone. PyTorch's own float32 is at 2e-6 on the same numbers.
    package static let features = 1e-5
    /// Outputs, losses and gradients of a whole detector.
    package static let detector = 1e-4
    /// Losses over ten steps of optimisation, where differences feed back.
    package static let tenSteps = 1e-3
    /// A gradient against central differences of a float32 function: limited by the function's rounding.
    package static let finiteDifferences = 1e-2
    /// Schedules and other formulas in double precision that end in a float32.
    package static let rounding = 2e-7
}
