using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Apps;

/// <summary>What the targets that there are say of a manifest, before there is an instance of it.</summary>
internal sealed class TargetNotices(IStore store, IReadOnlyList<TargetKind> kinds)
{
    /// <summary>Sentences for a person.</summary>
    /// <exception cref="ProblemException">No target could run it.</exception>
    public async Task<IReadOnlyList<string>> OfAsync(Manifest manifest, CancellationToken cancellationToken)
    {
        var targets = (await store.ListTargetsAsync(cancellationToken)).Select(target => (target.Name, Kind: KindOf(target))).ToList();
        var refusals = targets.Select(target => (target.Name, Why: target.Kind?.RefusalsOf(manifest) ?? [])).ToList();
        if (refusals.Count > 0 && refusals.All(target => target.Why.Count > 0))
            throw ProblemException.Invalid([.. refusals[0].Why.Select(why => new ProblemError(why.Path, why.Sentence))]);
        return
        [
            .. refusals.SelectMany(target => target.Why.Select(why => $"Target '{target.Name}' cannot run it: {why.Sentence}")),
            .. targets.SelectMany(target => (target.Kind?.NotesOn(manifest) ?? []).Select(note => (target.Name, Note: note))).GroupBy(one => one.Note, StringComparer.Ordinal)
                .Select(same => $"On target {string.Join(", ", same.Select(one => $"'{one.Name}'"))}: {same.Key}"),
        ];
    }

    /// <summary>What one target says.</summary>
    public async Task<IReadOnlyList<string>> OfAsync(Manifest manifest, string target, CancellationToken cancellationToken) =>
        await store.FindTargetAsync(target, cancellationToken) is { } record ? KindOf(record)?.NotesOn(manifest) ?? [] : [];

    private TargetKind? KindOf(TargetRecord target) => kinds.FirstOrDefault(kind => kind.Kind == target.Kind);
}
