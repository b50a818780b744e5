using Tenantry.Model.Instances;

namespace Tenantry.Server.Tests.Reconciling.Histories;

/// <summary>
/// Everything that processes of a history do outside themselves waits here until it is let go: so that one thread and one seed decide
/// the order of all that happens.
/// </summary>
internal sealed class Schedule(Random random)
{
    private readonly List<Waiting> _waiting = [];

    public int Count => _waiting.Count(waiting => !waiting.Process.IsStalled);

    /// <summary>Waits for its turn. Throws when the process was killed meanwhile.</summary>
    public async Task TurnAsync(FakeProcess process, string what)
    {
        process.ThrowIfDead();
        var waiting = new Waiting(process, what, new TaskCompletionSource());
        _waiting.Add(waiting);
        await waiting.Turn.Task;
        process.ThrowIfDead();
    }

    /// <summary>Lets a random one go on. Returns what it was about to do, or null when nothing waits.</summary>
    public string? LetGo()
    {
        var free = _waiting.Where(waiting => !waiting.Process.IsStalled).ToList();
        if (free.Count == 0)
            return null;
        var chosen = free[random.Next(free.Count)];
        _waiting.Remove(chosen);
        chosen.Turn.SetResult();
        return $"{chosen.Process.Name}: {chosen.What}";
    }

    /// <summary>What a killed process was about to do is not done; it only ends.</summary>
    public void Drop(FakeProcess process)
    {
        while (_waiting.Find(waiting => waiting.Process == process) is { } dropped)
        {
            _waiting.Remove(dropped);
            dropped.Turn.SetResult();
        }
    }

    private sealed record Waiting(FakeProcess Process, string What, TaskCompletionSource Turn);
}

/// <summary>A control plane that can be stopped for a while, and killed.</summary>
internal sealed class FakeProcess(string name)
{
    private readonly CancellationTokenSource _death = new();

    public string Name { get; } = name;

    /// <summary>It stands still, its timers too; the world goes on.</summary>
    public bool IsStalled { get; set; }

    /// <summary>It is in the middle of a change outside.</summary>
    public int Changing { get; set; }

    public bool IsDead => _death.IsCancellationRequested;

    public CancellationToken Death => _death.Token;

    /// <summary>What it saw last of each instance.</summary>
    public Dictionary<string, ObservedState> Seen { get; } = new(StringComparer.Ordinal);

    /// <summary>Its loop.</summary>
    public Task Run { get; set; } = Task.CompletedTask;

    public void Kill() => _death.Cancel();

    public void ThrowIfDead()
    {
        if (IsDead)
            throw new ProcessDiedException();
    }
}

/// <summary>What everything of a killed process ends with; nothing that it does afterwards reaches the world.</summary>
internal sealed class ProcessDiedException() : Exception("The process was killed.");
