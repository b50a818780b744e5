using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Manifests;
using Tenantry.Model.Naming;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Engine;
using Tenantry.Server.Store;
using Tenantry.Server.Tenants;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Targets;

/// <summary>The configured places where instances run, and the kinds that there are.</summary>
internal static class TargetsApi
{
    private const int DefaultParallel = 8;
    private const int MostParallel = 256;

    public static void MapTargets(this IEndpointRouteBuilder routes)
    {
        var targets = routes.MapGroup("/targets").WithTags("Targets");
        targets.MapGet("", ListAsync).Paged();
        targets.MapGet("/{target}", GetAsync);
        targets.MapPut("/{target}", PutAsync).Changes("target.put").TakesVersion();
        targets.MapDelete("/{target}", DeleteAsync).Changes("target.delete").TakesVersion();
        targets.MapPost("/{target}/check", CheckAsync);
        targets.MapPost("/{target}/adopt", AdoptAsync).Changes("target.adopt");
        routes.MapGet("/target-choices", ListChoicesAsync).Paged().WithTags("Targets");
        routes.MapGet("/target-kinds", ListKinds).Paged().WithTags("Targets");
    }

    /// <summary>A target of that kind as it is when nothing more is said.</summary>
    public static TargetRecord Usual(string name, string kind, DateTimeOffset now) => new(
        name, kind, new Dictionary<string, string>(StringComparer.Ordinal), RepairDrift: true, DefaultParallel, Version: 0, now);

    /// <summary>A new target that is one machine is the machine of the engine that was asked, not of another one on the same store. Without an engine: of the first that needs it.</summary>
    public static async Task SettleAsync(TargetRecord added, IReadOnlyList<TargetKind> kinds, IEngineLink engine, CancellationToken cancellationToken)
    {
        if (kinds.FirstOrDefault(kind => kind.Kind == added.Kind)?.IsOneMachine(added.Options) != true)
            return;
        try
        {
            await engine.AdoptTargetAsync(added.Name, cancellationToken);
        }
        catch (EngineUnavailableException)
        {
            // It is not there to be asked.
        }
    }

    private static async Task<Ok<PageResponse<TargetResponse>>> ListAsync(IStore store, CancellationToken cancellationToken) =>
        TypedResults.Ok(PageQuery.Whole(await store.ListTargetsAsync(cancellationToken), Response));

    private static async Task<Ok<TargetResponse>> GetAsync(string target, IStore store, HttpContext context, CancellationToken cancellationToken)
    {
        var found = await FindAsync(store, target, cancellationToken);
        ETags.Set(context, found.Version);
        return TypedResults.Ok(Response(found));
    }

    private static async Task<Results<Created<TargetResponse>, Ok<TargetResponse>, Ok<PlanResponse>>> PutAsync(
        string target,
        Body<PutTargetRequest> body,
        Change change,
        IStore store,
        IReadOnlyList<TargetKind> kinds,
        IEngineLink engine,
        TimeProvider time,
        HttpContext context,
        CancellationToken cancellationToken)
    {
        change.Subject = $"target {target}";
        var request = body.Value;
        Check(target, request, kinds);
        var present = await store.FindTargetAsync(target, cancellationToken);
        if (present is not null && !IsWanted(present, request))
        {
            change.RequireVersion(change.Subject, present.Version);
            if (present.Kind != request.Kind)
                throw ProblemException.Conflict($"The target '{target}' is of the kind '{present.Kind}' and stays so; delete it first.");
        }

        var wanted = new TargetRecord(
            target,
            request.Kind,
            new SortedDictionary<string, string>((request.Options ?? new Dictionary<string, string>(StringComparer.Ordinal)).ToDictionary(), StringComparer.Ordinal),
            request.RepairDrift ?? true,
            request.Parallel ?? DefaultParallel,
            present?.Version ?? 0,
            present?.CreatedAt ?? time.GetUtcNow());
        var settled = present is null ? [] : Settled(present, wanted, kinds);
        if (settled.Count > 0)
            await RefuseMovingAsync(target, settled, store, cancellationToken);
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(new ChangeResponse(change.Subject, "", present is null ? null : Text(present), Text(wanted))));
        var stored = present is not null && IsWanted(present, request) ? present
            : settled.Count > 0 ? await store.MoveTargetAsync(wanted, present!.Version, cancellationToken)
            : await store.PutTargetAsync(wanted, present?.Version ?? 0, cancellationToken);
        if (present is null)
            await SettleAsync(stored, kinds, engine, cancellationToken);
        ETags.Set(context, stored.Version);
        return present is null ? TypedResults.Created($"/v1/targets/{target}", Response(stored)) : TypedResults.Ok(Response(stored));
    }

    private static async Task<Results<NoContent, Ok<PlanResponse>>> DeleteAsync(string target, Change change, IStore store, CancellationToken cancellationToken)
    {
        change.Subject = $"target {target}";
        var present = await FindAsync(store, target, cancellationToken);
        change.Expect(change.Subject, present.Version);
        if (change.IsDryRun)
        {
            var instances = await store.ListInstancesAsync(new InstanceFilter(Target: target), new PageRequest(1), cancellationToken);
            return instances.Items is [var one, ..]
                ? throw ProblemException.Conflict($"The instance '{one.Spec.Slug}' is on the target '{target}'.")
                : TypedResults.Ok(DryRun.Of(new ChangeResponse(change.Subject, "", Text(present), null)));
        }

        return await store.DeleteTargetAsync(target, cancellationToken) ? TypedResults.NoContent() : throw ProblemException.NotFound("target", target);
    }

    private static async Task<Ok<TargetCheckResponse>> CheckAsync(string target, IStore store, IEngineLink engine, CancellationToken cancellationToken)
    {
        await FindAsync(store, target, cancellationToken);
        var report = await engine.ProbeAsync(target, cancellationToken);
        return TypedResults.Ok(new TargetCheckResponse(
            target,
            report.Works,
            [.. report.Findings.Select(f => new TargetFindingResponse(f.Subject, f.Level.ToString(), f.Message, f.Fix))]));
    }

    private static async Task<Results<NoContent, Ok<PlanResponse>>> AdoptAsync(string target, Change change, IStore store, IEngineLink engine, CancellationToken cancellationToken)
    {
        change.Subject = $"target {target}";
        var present = await FindAsync(store, target, cancellationToken);
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(new ChangeResponse(change.Subject, "home", present.Home, "this engine")));
        change.Detail = $"home was {(present.Home.Length > 0 ? present.Home : "nowhere")}";
        await change.BeginOutsideAsync();
        await engine.AdoptTargetAsync(target, cancellationToken);
        return TypedResults.NoContent();
    }

    // Whoever deploys says where: of the target they need its name, and what it will be able to do.
    private static async Task<Ok<PageResponse<TargetChoiceResponse>>> ListChoicesAsync(IStore store, IReadOnlyList<TargetKind> kinds, CancellationToken cancellationToken) => TypedResults.Ok(PageQuery.Whole(
        await store.ListTargetsAsync(cancellationToken),
        target => new TargetChoiceResponse(target.Name, target.Kind, kinds.FirstOrDefault(kind => kind.Kind == target.Kind)?.Capabilities ?? [])));

    private static Ok<PageResponse<TargetKindResponse>> ListKinds(IReadOnlyList<TargetKind> kinds) =>
        TypedResults.Ok(PageQuery.Whole(kinds, k => new TargetKindResponse(k.Kind, k.Summary, k.Options)));

    private static void Check(string name, PutTargetRequest request, IReadOnlyList<TargetKind> kinds)
    {
        var errors = new List<ProblemError>();
        TenantText.AddName(NameKind.Target, "target", name, errors);
        var known = kinds.Select(k => k.Kind).ToArray();
        if (kinds.FirstOrDefault(k => k.Kind == request.Kind) is not { } kind)
        {
            errors.Add(new ProblemError("kind", $"There is no kind '{request.Kind}'; there is {string.Join(", ", known)}.{Nearest.Hint(request.Kind, known)}"));
        }
        else
        {
            var options = request.Options ?? new Dictionary<string, string>(StringComparer.Ordinal);
            if (MistakeIn(kind, options.Where(o => kind.Options.ContainsKey(o.Key)).ToDictionary(StringComparer.Ordinal)) is { } mistake)
                errors.Add(new ProblemError("options", mistake));
            foreach (var option in options.Keys.Where(o => !kind.Options.ContainsKey(o)))
                errors.Add(new ProblemError($"options.{option}", $"The kind '{kind.Kind}' has no option '{option}'; {KnownOptions(kind)}.{Nearest.Hint(option, kind.Options.Keys)}"));
        }

        if (request.Parallel is < 1 or > MostParallel)
            errors.Add(new ProblemError("parallel", $"A whole number from 1 to {MostParallel} is expected."));
        if (errors.Count > 0)
            throw ProblemException.Invalid(errors);
    }

    private static string KnownOptions(TargetKind kind) =>
        kind.Options.Count == 0 ? "it has none" : $"it has {string.Join(", ", kind.Options.Keys.Order(StringComparer.Ordinal))}";

    private static string? MistakeIn(TargetKind kind, IReadOnlyDictionary<string, string> options)
    {
        try
        {
            kind.CheckOptions(options);
            return null;
        }
        catch (TargetException mistake)
        {
            return mistake.Sentence;
        }
    }

    private static async Task<TargetRecord> FindAsync(IStore store, string name, CancellationToken cancellationToken) =>
        await store.FindTargetAsync(name, cancellationToken) ?? throw ProblemException.NotFound("target", name);

    // Options of which another value would lead away from what instances have.
    private static List<string> Settled(TargetRecord present, TargetRecord wanted, IReadOnlyList<TargetKind> kinds) =>
        [.. (kinds.FirstOrDefault(kind => kind.Kind == present.Kind)?.Settled ?? []).Where(option => present.Options.GetValueOrDefault(option) != wanted.Options.GetValueOrDefault(option))];

    private static async Task RefuseMovingAsync(string target, List<string> options, IStore store, CancellationToken cancellationToken)
    {
        var instances = await store.ListInstancesAsync(new InstanceFilter(Target: target), new PageRequest(1), cancellationToken);
        if (instances.Items is [var one, ..])
            throw ProblemException.Conflict($"{string.Join(" and ", options)} of the target '{target}' {(options.Count == 1 ? "says" : "say")} where its instances are, and the instance '{one.Spec.Slug}' is there. Add another target, or remove its instances first.");
    }

    // What is so already needs no version to be made so.
    private static bool IsWanted(TargetRecord present, PutTargetRequest request) =>
        present.Kind == request.Kind &&
        present.RepairDrift == (request.RepairDrift ?? true) &&
        present.Parallel == (request.Parallel ?? DefaultParallel) &&
        present.Options.Count == (request.Options?.Count ?? 0) &&
        present.Options.All(o => request.Options!.TryGetValue(o.Key, out var value) && value == o.Value);

    private static string Text(TargetRecord target) =>
        $"{target.Kind}, {(target.RepairDrift ? "repairs drift" : "reports drift")}, {target.Parallel} at once{string.Concat(target.Options.Select(o => $", {o.Key}={o.Value}"))}";

    private static TargetResponse Response(TargetRecord target) =>
        new(target.Name, target.Kind, target.Options, target.RepairDrift, target.Parallel, target.Version, target.CreatedAt, target.Home.Length > 0 ? target.Home : null);
}
