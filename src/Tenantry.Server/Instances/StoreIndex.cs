using System.Collections.Immutable;
using Tenantry.Model.Instances;
using Tenantry.Server.Store;

namespace Tenantry.Server.Instances;

/// <summary>Something of every instance, held in memory and brought up to date from the store's list of changes.</summary>
public abstract class StoreIndex<T>(IStore store)
    where T : class
{
    private const int PieceOfChanges = 1000;
    private const int PieceOfInstances = 1000;
    private const int TooManyToAskOneByOne = 200;
    private readonly SemaphoreSlim refreshing = new(1, 1);
    private ImmutableDictionary<string, T> entries = ImmutableDictionary<string, T>.Empty;
    private long seen = -1;

    /// <summary>Every instance as of the last refresh.</summary>
    public IEnumerable<T> All => entries.Values;

    /// <summary>That instance's, as of the last refresh, or null.</summary>
    public T? Find(string instanceId) => entries.GetValueOrDefault(instanceId);

    /// <summary>True once it has been read from the store.</summary>
    public bool IsLoaded => Interlocked.Read(ref seen) >= 0;

    /// <summary>Takes in what changed. True when an entry did.</summary>
    public async Task<bool> RefreshAsync(CancellationToken cancellationToken)
    {
        await refreshing.WaitAsync(cancellationToken);
        try
        {
            return IsLoaded ? await FollowAsync(cancellationToken) : await LoadAsync(cancellationToken);
        }
        finally
        {
            refreshing.Release();
        }
    }

    /// <summary>True when a newer entry says nothing new.</summary>
    protected virtual bool IsSame(T before, T now) => before.Equals(now);

    /// <summary>Called before entries are made of what was read.</summary>
    protected virtual Task BeforeReadingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>What is kept of an instance.</summary>
    protected abstract ValueTask<T> EntryAsync(InstanceRecord record, CancellationToken cancellationToken);

    private async Task<bool> LoadAsync(CancellationToken cancellationToken)
    {
        // The number first: what changes while the list is read is read again with the next refresh.
        var newest = await store.LastChangeAsync(cancellationToken);
        await BeforeReadingAsync(cancellationToken);
        var all = ImmutableDictionary.CreateBuilder<string, T>(StringComparer.Ordinal);
        string? cursor = null;
        do
        {
            var page = await store.ListInstancesAsync(new InstanceFilter(), new PageRequest(PieceOfInstances, cursor), cancellationToken);
            foreach (var record in page.Items)
                all[record.Spec.Id] = await EntryAsync(record, cancellationToken);
            cursor = page.Next;
        }
        while (cursor is not null);
        entries = all.ToImmutable();
        Interlocked.Exchange(ref seen, newest);
        return true;
    }

    private async Task<bool> FollowAsync(CancellationToken cancellationToken)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var last = seen;
        while (true)
        {
            var changes = await store.ListChangesAsync(last, PieceOfChanges, cancellationToken);
            if (changes.Count > 0 && changes[0].Sequence > last + 1)
                return await LoadAsync(cancellationToken);
            foreach (var change in changes)
            {
                last = change.Sequence;
                if (change.Kind == "instance")
                    ids.Add(change.Key);
            }
            if (ids.Count > TooManyToAskOneByOne)
                return await LoadAsync(cancellationToken);
            if (changes.Count < PieceOfChanges)
                break;
        }

        if (ids.Count > 0)
            await BeforeReadingAsync(cancellationToken);
        var updated = entries.ToBuilder();
        var isNew = false;
        foreach (var id in ids)
        {
            if (await store.FindInstanceAsync(id, cancellationToken) is not { } record)
            {
                isNew |= updated.Remove(id);
                continue;
            }

            var entry = await EntryAsync(record, cancellationToken);
            if (updated.TryGetValue(id, out var before) && IsSame(before, entry))
                continue;
            updated[id] = entry;
            isNew = true;
        }
        entries = updated.ToImmutable();
        Interlocked.Exchange(ref seen, last);
        return isNew;
    }
}
