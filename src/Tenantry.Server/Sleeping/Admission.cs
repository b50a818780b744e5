namespace Tenantry.Server.Sleeping;

/// <summary>
/// Lets a number of wakes through at once, oldest first, so that a thousand at once do not starve each other. How old a wake is counts from when its request was seen,
/// also when that was before this engine started.
/// </summary>
internal sealed class Admission
{
    private readonly Lock gate = new();
    private readonly PriorityQueue<TaskCompletionSource, (long Since, long Number)> line = new();
    private long numbers;
    private int running;

    /// <summary>How many wait now.</summary>
    public int Waiting
    {
        get
        {
            lock (gate)
                return line.Count;
        }
    }

    /// <summary>Waits for its turn. <see cref="Leave"/> must follow, unless this threw.</summary>
    /// <param name="limit">How many may be through at once.</param>
    /// <param name="since">Timestamp of the request; smaller ones go first.</param>
    /// <param name="cancellationToken">Gives up its place.</param>
    public async Task EnterAsync(int limit, long since, CancellationToken cancellationToken)
    {
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (running < limit && line.Count == 0)
            {
                running++;
                return;
            }

            line.Enqueue(turn, (since, numbers++));
        }

        try
        {
            await turn.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            bool hadTurn;
            lock (gate)
                hadTurn = !line.Remove(turn, out _, out _);
            if (hadTurn)
                Leave(limit);
            throw;
        }
    }

    public void Leave(int limit)
    {
        lock (gate)
        {
            running--;
            while (running < limit && line.TryDequeue(out var next, out _))
            {
                running++;
                next.TrySetResult();
            }
        }
    }
}
