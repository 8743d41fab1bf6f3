print("aligndet-mpi")
