/// A batch script for SLURM that saves before its time limit, requeues itself and goes on where it stopped.
struct SlurmScript {
    enum Form: String, CaseIterable {
        case mpirun, srun
    }

    var verb = "pretrain"
    var form = Form.mpirun
    var nodes = 2
    var ranksPerNode = 4
    var coresPerRank = 8
    var timeLimit = "24:00:00"
    /// Before the limit, for the step under way and the checkpoint.
    var warningSeconds = 300
    /// Jobs of an array, one for each fold of the data; nil for a single job.
    var folds: Int?

    var text: String {
        let array = folds.map { "#SBATCH --array=0-\($0 - 1)\n" } ?? ""
        let log = folds == nil ? "%x-%j.log" : "%x-%A_%a.log"
        let job = folds == nil ? "$SLURM_JOB_ID" : "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
        let usage = folds == nil ? "" : "#\n# FOLD in an option stands for the number of the fold, from 0.\n"
        let arguments =
            folds == nil ? "arguments=(\"$@\")" : "arguments=(\"${@//FOLD/$SLURM_ARRAY_TASK_ID}\")"
        return """
            #!/usr/bin/env bash
            #SBATCH --job-name=\(verb)
            #SBATCH --nodes=\(nodes)
            #SBATCH --ntasks-per-node=\(ranksPerNode)
            #SBATCH --cpus-per-task=\(coresPerRank)
            #SBATCH --time=\(timeLimit)
            \(array)# This script is told before the time is up, hands it on to the ranks, and they save and stop.
            #SBATCH --signal=B:USR1@\(warningSeconds)
            #SBATCH --requeue
            #SBATCH --open-mode=append
            #SBATCH --output=\(log)
            #
            # Written by `aligndet-mpi slurm-script`. From the project's folder, with a work folder all nodes see:
            #
            #   sbatch THIS_FILE RECIPE.yaml --work-dir FOLDER [OPTIONS...]
            \(usage)set -uo pipefail
            cd "$SLURM_SUBMIT_DIR"
            source "${ALIGNDET_HOME:-.}/launch/env.sh"
            program=${ALIGNDET_PROGRAM:-${ALIGNDET_HOME:-.}/.build/release/aligndet-mpi}
            \(arguments)
            status=0
            \(command) || status=$?
            if ((status == 75)); then
                echo "saved and stopped; back into the queue"
                scontrol requeue "\(job)"
            fi
            exit "$status"

            """
    }

    private var command: String {
        let rest = "\"$program\" \(verb) \"${arguments[@]}\" --resume auto"
        switch form {
        case .mpirun: return "aligndet_mpirun \"$SLURM_NTASKS\" \(rest)"
        case .srun:
            return "aligndet_forwarding srun --mpi=pmix --cpus-per-task=\"$SLURM_CPUS_PER_TASK\" \\\n"
                + "    \"$aligndet_launch_folder/env.sh\" \(rest)"
        }
    }
}
