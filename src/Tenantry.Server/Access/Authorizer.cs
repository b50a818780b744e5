using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tenantry.Server.Api;
using Tenantry.Server.Store;

namespace Tenantry.Server.Access;

/// <summary>
/// Decides what who was let in may ask for, by <see cref="AccessTable"/>. What belongs to another organization is answered as what is not there (404); what
/// a role does not hold, with 403. Both are written to the audit.
/// </summary>
internal sealed class Authorizer(IStore store, Denials denials) : IMiddleware
{
    private static readonly PathString[] Open = ["/healthz", "/readyz", "/metrics", "/openapi"];

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var endpoint = context.GetEndpoint() as RouteEndpoint;
        var caller = Caller.Find(context);
        if (caller is null && !IsOpen(context, endpoint))
        {
            await StrangerAnswer.SendAsync(context);
            return;
        }

        if (endpoint is null || caller is null || !AccessTable.IsRuled(endpoint.RoutePattern.RawText))
        {
            await next(context);
            return;
        }

        var change = endpoint.Metadata.GetMetadata<ChangeMetadata>();
        try
        {
            await DecideAsync(context, endpoint, caller, isChange: change is not null);
        }
        catch (ProblemException refused)
        {
            await denials.WriteAsync(context, caller, change?.Action, refused);
            throw;
        }

        try
        {
            await next(context);
        }
        catch (ProblemException refused) when ((change is null || Change.IsPreview(context)) && (refused.Denied is not null || refused.Status == StatusCodes.Status403Forbidden))
        {
            // What a query names, and what is only tried. Of a change its own filter writes.
            await denials.WriteAsync(context, caller, null, refused);
            throw;
        }
    }

    private async Task DecideAsync(HttpContext context, RouteEndpoint endpoint, Caller caller, bool isChange)
    {
        var rule = AccessTable.Of(endpoint, context.Request.Method);
        // Also of who looks at everything: what they may do to it depends on whose it is, and whose it was stands in the audit of a change.
        var isOwnedByOne = rule.Reach == Reach.Organization && (isChange || caller.Grants.Platform is null || caller.Grants.Organizations.Count > 0 || rule.PeopleAlone);
        var organization = isOwnedByOne ? await OrganizationAsync(context, caller) : null;
        // Nothing of one is named: what is denied then is for the caller's own organization to read, where they have one alone.
        if (organization is null && rule.Reach != Reach.Caller && caller.Grants is { Platform: null, Organizations.Count: 1 })
            ConcernedOrganization.Set(context, caller.Grants.Organizations.Keys.First());
        if (!caller.Grants.Admits(rule, organization))
            throw ProblemException.Forbidden(Why(context, caller, rule, organization));
        if (rule.SocketAlone && !caller.IsLocal)
            throw ProblemException.Forbidden($"{What(context)} is served on the server's Unix socket alone.");
        if (rule.PeopleAlone && !caller.IsPerson)
            throw ProblemException.Forbidden($"No token makes, lists or takes away what lets somebody in: {What(context)} is for people who signed in, and for the server's Unix socket.");
    }

    private static bool IsOpen(HttpContext context, Endpoint? endpoint) =>
        endpoint?.Metadata.GetMetadata<OpenToAll>() is not null || Array.Exists(Open, path => context.Request.Path.StartsWithSegments(path));

    // Whose the thing is that the path names: nobody's (empty) when there is no such thing; null when the path names none.
    private async Task<string?> OrganizationAsync(HttpContext context, Caller caller)
    {
        var cancellationToken = context.RequestAborted;
        var values = context.Request.RouteValues;
        var (kind, name, organization) = values["organization"] is string own ? ("organization", own, own)
            : values["slug"] is string slug ? ("instance", slug, (await store.FindInstanceBySlugAsync(slug, cancellationToken))?.Spec.Organization)
            : values["tenant"] is string tenant ? ("tenant", tenant, (await store.FindTenantAsync(tenant, cancellationToken))?.Organization)
            : values["id"] is string operation ? ("operation", operation, await store.FindOperationOrganizationAsync(operation, cancellationToken))
            : ("", "", null);
        if (kind.Length == 0)
            return null;
        caller.MustSee(organization, kind, name);
        if (organization is not null)
            ConcernedOrganization.Set(context, organization);
        return organization ?? "";
    }

    private static string Why(HttpContext context, Caller caller, AccessRule rule, string? organization) =>
        rule.Reach == Reach.Organization || caller.Organizations is null
            ? $"{caller.Title} {caller.RoleIn(organization)}, which does not hold {What(context)}."
            : $"{caller.Title} {caller.RoleIn(organization)}; {What(context)} is the platform's.";

    private static string What(HttpContext context) => $"{context.Request.Method} {context.Request.Path}";
}

/// <summary>Marks an endpoint outside of <c>/v1</c> that strangers get to see.</summary>
internal sealed class OpenToAll;
