namespace Tenantry.Server.Reconciling;

/// <summary>
/// Which instances are worked on now and which come next: first come, first served within a target, as many at once as the target
/// and the engine allow, and never one instance twice. Not safe for threads: one loop owns it.
/// </summary>
internal sealed class WorkQueue(int totalParallel)
{
    // Each of them still has its lease and looks now and then.
    private const int MostResting = 256;

    private readonly Dictionary<string, Queue<string>> _waiting = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _running = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _targets = new(StringComparer.Ordinal);
    private readonly HashSet<string> _inWork = new(StringComparer.Ordinal);
    private readonly HashSet<string> _resting = new(StringComparer.Ordinal);
    private readonly HashSet<string> _again = new(StringComparer.Ordinal);
    private IReadOnlyDictionary<string, int> _parallel = new Dictionary<string, int>(StringComparer.Ordinal);

    public int Waiting => _targets.Count - _inWork.Count;

    public int Running => _inWork.Count;

    /// <summary>How many may run at once on each target.</summary>
    public void Limit(IReadOnlyDictionary<string, int> parallel) => _parallel = parallel;

    public bool Knows(string id) => _targets.ContainsKey(id);

    /// <summary>Puts it in line. One that waits already keeps its place.</summary>
    /// <param name="id">The instance.</param>
    /// <param name="target">Its target.</param>
    /// <param name="again">True: one that is worked on now comes once more afterwards.</param>
    public void Add(string id, string target, bool again)
    {
        if (_targets.TryAdd(id, target))
        {
            if (!_waiting.TryGetValue(target, out var line))
                _waiting.Add(target, line = new Queue<string>());
            line.Enqueue(id);
        }
        else if (again && _inWork.Contains(id))
        {
            _again.Add(id);
        }
    }

    /// <summary>The next one that may be worked on, or null.</summary>
    public string? Next()
    {
        if (_inWork.Count - _resting.Count >= totalParallel)
            return null;
        foreach (var (target, line) in _waiting)
        {
            if (line.Count == 0 || _running.GetValueOrDefault(target) >= Math.Max(1, _parallel.GetValueOrDefault(target, 1)))
                continue;
            var id = line.Dequeue();
            _inWork.Add(id);
            _running[target] = _running.GetValueOrDefault(target) + 1;
            return id;
        }
        return null;
    }

    /// <summary>One that is worked on only waits for now and takes nobody's turn; or it goes on.</summary>
    public void Rest(string id, bool rests)
    {
        if (!_inWork.Contains(id))
            return;
        if (rests && _resting.Count < MostResting && _resting.Add(id))
            _running[_targets[id]]--;
        else if (!rests && _resting.Remove(id))
            _running[_targets[id]]++;
    }

    public void Done(string id)
    {
        var target = _targets[id];
        _targets.Remove(id);
        _inWork.Remove(id);
        if (!_resting.Remove(id))
            _running[target]--;
        if (_again.Remove(id))
            Add(id, target, again: false);
    }
}
