using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Engine;
using Tenantry.Server.LlmKeys.OpenRouter;
using Tenantry.Server.Secrets;
using Tenantry.Server.Store;

namespace Tenantry.Server.LlmKeys;

/// <summary>Providers of LLM keys. A management key is written, and only the engine ever opens it.</summary>
internal static class LlmProvidersApi
{
    private const int DefaultPoll = 300;

    public static void MapLlmProviders(this IEndpointRouteBuilder routes)
    {
        var providers = routes.MapGroup("/llm/providers").WithTags("LLM providers");
        providers.MapGet("", ListAsync).Paged();
        providers.MapPut("/{provider}", PutAsync).Changes("llm-provider.put").TakesVersion();
        providers.MapDelete("/{provider}", DeleteAsync).Changes("llm-provider.delete");
    }

    private static async Task<Ok<PageResponse<LlmProviderResponse>>> ListAsync(IStore store, CancellationToken cancellationToken)
    {
        var responses = new List<LlmProviderResponse>();
        foreach (var provider in await store.ListLlmProvidersAsync(cancellationToken))
            responses.Add(await ResponseAsync(store, provider, cancellationToken));
        return TypedResults.Ok(PageQuery.Whole(responses, response => response));
    }

    private static async Task<Results<Created<LlmProviderResponse>, Ok<LlmProviderResponse>, Ok<PlanResponse>>> PutAsync(
        string provider,
        Body<PutLlmProviderRequest> body,
        Change change,
        IStore store,
        IEngineLink engine,
        HttpContext context,
        CancellationToken cancellationToken)
    {
        change.Subject = $"LLM provider {provider}";
        var request = body.Value;
        var present = await store.FindLlmProviderAsync(provider, cancellationToken);
        LlmFields.Check(provider, request, present);
        if (present is not null && !request.Force && IsElsewhere(present, request) && (await store.ListLlmKeysOfProviderAsync(provider, cancellationToken)).Count is var keys and > 0)
            throw ProblemException.Conflict($"{keys} key{(keys == 1 ? " was" : "s were")} made at {present.BaseUrl}{(present.Workspace.Length > 0 ? $" in workspace {present.Workspace}" : "")}. At another address or workspace they are not known: they would count as gone and could be used on. Say force when it is the same account ('tenantry llm provider set {provider} --force').");
        change.Expect(change.Subject, present?.Version ?? 0);
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of([.. Differences(change.Subject, present, request)]));
        var baseUrl = (request.BaseUrl ?? present?.BaseUrl ?? OpenRouterClient.DefaultBaseUrl).TrimEnd('/');
        var sealedKey = request.ManagementKey is { } key
            ? SecretSealer.Seal(await engine.EnsureDataKeyAsync(LlmProviderRecord.KeyHolderOf(provider), cancellationToken), SecretSealer.Context(LlmProviderRecord.PlaceOf(provider, baseUrl)), key)
            : present!.ManagementKey;
        var wanted = new LlmProviderRecord(
            provider,
            baseUrl,
            sealedKey,
            request.PollSeconds ?? present?.PollSeconds ?? DefaultPoll,
            request.Workspace ?? present?.Workspace ?? "",
            0,
            default);
        var stored = await store.PutLlmProviderAsync(wanted, present?.Version ?? 0, cancellationToken);
        ETags.Set(context, stored.Version);
        var response = await ResponseAsync(store, stored, cancellationToken);
        return present is null ? TypedResults.Created($"/v1/llm/providers/{provider}", response) : TypedResults.Ok(response);
    }

    private static async Task<Results<NoContent, Ok<PlanResponse>>> DeleteAsync(string provider, Change change, IStore store, CancellationToken cancellationToken)
    {
        change.Subject = $"LLM provider {provider}";
        if (await store.FindLlmProviderAsync(provider, cancellationToken) is null)
            throw ProblemException.NotFound("LLM provider", provider);
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(new ChangeResponse(change.Subject, "", provider, null)));
        return await store.DeleteLlmProviderAsync(provider, cancellationToken) ? TypedResults.NoContent() : throw ProblemException.NotFound("LLM provider", provider);
    }

    private static bool IsElsewhere(LlmProviderRecord present, PutLlmProviderRequest request) =>
        (request.BaseUrl is { } url && url.TrimEnd('/') != present.BaseUrl) || (request.Workspace is { } workspace && workspace != present.Workspace);

    private static IEnumerable<ChangeResponse> Differences(string subject, LlmProviderRecord? present, PutLlmProviderRequest request)
    {
        if (request.ManagementKey is not null)
            yield return new ChangeResponse(subject, "managementKey", present is null ? null : "its key", "a new key");
        if (request.BaseUrl is { } url && url.TrimEnd('/') != present?.BaseUrl)
            yield return new ChangeResponse(subject, "baseUrl", present?.BaseUrl, url.TrimEnd('/'));
        if (request.PollSeconds is { } poll && poll != present?.PollSeconds)
            yield return new ChangeResponse(subject, "pollSeconds", present?.PollSeconds.ToString(CultureInfo.InvariantCulture), poll.ToString(CultureInfo.InvariantCulture));
        if (request.Workspace is { } workspace && workspace != present?.Workspace)
            yield return new ChangeResponse(subject, "workspace", present?.Workspace, workspace);
    }

    private static async Task<LlmProviderResponse> ResponseAsync(IStore store, LlmProviderRecord provider, CancellationToken cancellationToken) => new(
        provider.Name,
        provider.BaseUrl,
        provider.PollSeconds,
        provider.Workspace,
        (await store.ListLlmKeysOfProviderAsync(provider.Name, cancellationToken)).Count,
        provider.Version,
        provider.ChangedAt);
}
