namespace Tenantry.Server.Sleeping;

/// <summary>Lets a number of wakes through at once, oldest first, so that a thousand at once do not starve each other.</summary>
internal sealed class Admission
{
    private readonly Lock gate = new();
    private readonly LinkedList<TaskCompletionSource> line = [];
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
    public async Task EnterAsync(int limit, CancellationToken cancellationToken)
    {
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (running < limit && line.Count == 0)
            {
                running++;
                return;
            }

            line.AddLast(turn);
        }

        try
        {
            await turn.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            bool hadTurn;
            lock (gate)
                hadTurn = !line.Remove(turn);
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
            while (running < limit && line.First is { } next)
            {
                line.RemoveFirst();
                running++;
                next.Value.TrySetResult();
            }
        }
    }
}
