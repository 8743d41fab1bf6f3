/// How many threads the MPI library lets call it, in ascending order.
package enum MPIThreadLevel: Int32, Sendable {
    case single, funneled, serialized, multiple
}
