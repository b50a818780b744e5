using System.Collections.Concurrent;

namespace Tenantry.Targets.Local.Data;

/// <summary>How many read an instance's data from outside at this moment: its file systems stay mounted for them. Asked and changed under the instance's lock.</summary>
internal sealed class DataUsers
{
    private readonly ConcurrentDictionary<string, int> _users = new(StringComparer.Ordinal);

    internal bool Any(string id) => _users.ContainsKey(id);

    internal void Add(string id) => _users.AddOrUpdate(id, 1, (_, count) => count + 1);

    internal void Remove(string id)
    {
        if (_users[id] == 1)
            _users.TryRemove(id, out _);
        else
            _users[id]--;
    }
}
