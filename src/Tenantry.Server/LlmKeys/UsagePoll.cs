using Microsoft.Extensions.Logging;
using Tenantry.Model.Llm;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Store;

namespace Tenantry.Server.LlmKeys;

/// <summary>
/// Looks at what keys have spent, each provider in its own time, and stores it. A provider that does not answer changes nothing: what was seen last stays,
/// with its time.
/// </summary>
public sealed class UsagePoll(IStore store, LlmProviderSet providers, ChangeSignal changes, Action<string> poke, TimeProvider time, ILogger<UsagePoll> log)
    : RepeatedLook("Nothing is known of what LLM keys spend", Longest, time, log)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    // A provider that is added meanwhile, or polled more often, is seen after this.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(15);

    private readonly Dictionary<string, DateTimeOffset> _next = new(StringComparer.Ordinal);

    /// <summary>Until a provider's time has come; at rest few looks are made.</summary>
    protected override TimeSpan Pause => _next.Count == 0 ? Longest : TimeSpan.FromTicks(Math.Clamp((_next.Values.Min() - Time.GetUtcNow()).Ticks, Shortest.Ticks, Longest.Ticks));

    /// <inheritdoc/>
    protected override async Task LookOnceAsync(CancellationToken cancellationToken)
    {
        var present = await store.ListLlmProvidersAsync(cancellationToken);
        foreach (var gone in _next.Keys.Except(present.Select(record => record.Name), StringComparer.Ordinal).ToList())
            _next.Remove(gone);
        foreach (var record in present)
        {
            if (_next.TryGetValue(record.Name, out var next) && Time.GetUtcNow() < next)
                continue;
            _next[record.Name] = Time.GetUtcNow() + TimeSpan.FromSeconds(record.PollSeconds);
            try
            {
                await LookAsync(record, cancellationToken);
            }
            catch (LlmProviderException failure)
            {
                Log.LogWarning("What LLM keys of {Provider} have spent could not be read: {Reason}", record.Name, failure.Message);
            }
        }
    }

    /// <summary>One look at the keys of a provider.</summary>
    public async Task LookAsync(LlmProviderRecord record, CancellationToken cancellationToken)
    {
        var ours = await store.ListLlmKeysOfProviderAsync(record.Name, cancellationToken);
        if (ours.Count == 0)
            return;
        var provider = await providers.OpenAsync(record, cancellationToken);
        var listed = await provider.ListAsync(cancellationToken);
        var byHash = listed.ToDictionary(key => key.Hash, StringComparer.Ordinal);
        var byName = listed.ToLookup(key => key.Name, StringComparer.Ordinal);
        var seen = new List<LlmKeyRecord>();
        foreach (var (key, before) in ours.Where(one => one.Key is { IsThere: true, Minting: false }))
        {
            var has = byHash.GetValueOrDefault(key.Hash);
            // A list may miss a key; only the provider's word on this one counts.
            if (has is null && await provider.FindAsync(key.Hash, cancellationToken) is { } alone)
                has = alone;
            var usage = UsageOf(key, has, before, byName[key.Name]);
            seen.Add(new LlmKeyRecord(key, usage));
        }

        if (seen.Count == 0)
            return;
        await store.WriteLlmUsagesAsync(seen, cancellationToken);
        changes.Raise();
        foreach (var one in seen.Where(one => one.Usage!.Differs))
            poke(one.Key.InstanceId);
    }

    private LlmUsage UsageOf(LlmKey key, ProviderKey? has, LlmUsage? before, IEnumerable<ProviderKey> named)
    {
        var now = Time.GetUtcNow();
        if (has is null)
            return (before ?? new LlmUsage(now, key.Hash, 0, 0, 0, 0, null, 0)) with { At = now, Hash = key.Hash, Differs = true };
        var hasDouble = named.Any(other => other.Hash != key.Hash && other.Hash != key.Former);
        var differs = hasDouble || has.Limit != key.Limit || has.Reset != key.Reset || has.Disabled != key.Disabled;
        var usage = new LlmUsage(now, key.Hash, has.Total, has.Daily, has.Weekly, has.Monthly, has.Remaining, 0, differs, has.Limit);
        return usage with { Told = LlmUsage.Threshold(usage.Percent) };
    }
}
