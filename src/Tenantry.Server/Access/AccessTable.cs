using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Tenantry.Server.Access;

/// <summary>One rule for each endpoint. An endpoint without one keeps the server from starting; docs/access.md is printed from here.</summary>
internal static class AccessTable
{
    private static readonly AccessRule ViewOwn = new(Permission.View, Reach.Organization);
    private static readonly AccessRule Operate = new(Permission.Operate, Reach.Organization);
    private static readonly AccessRule Own = new(Permission.Own, Reach.Organization);
    private static readonly AccessRule ViewShared = new(Permission.View, Reach.Shared);
    private static readonly AccessRule ViewPlatform = new(Permission.View, Reach.Platform);
    private static readonly AccessRule RunPlatform = new(Permission.Operate, Reach.Platform);
    private static readonly AccessRule Administer = new(Permission.Administer, Reach.Platform);
    private static readonly AccessRule LetIn = Administer with { PeopleAlone = true };
    private static readonly AccessRule Anybody = new(Permission.View, Reach.Caller);

    /// <summary>By method and path.</summary>
    public static IReadOnlyDictionary<string, AccessRule> Rules { get; } = new Dictionary<string, AccessRule>(StringComparer.Ordinal)
    {
        ["GET /v1/server"] = ViewShared,

        ["GET /v1/apps"] = ViewShared,
        ["GET /v1/apps/{app}"] = ViewShared,
        ["GET /v1/apps/{app}/releases"] = ViewShared,
        ["GET /v1/apps/{app}/releases/{release}"] = ViewShared,
        ["POST /v1/apps"] = RunPlatform,
        ["DELETE /v1/apps/{app}"] = RunPlatform,
        ["GET /v1/apps/{app}/secrets"] = ViewShared,
        ["GET /v1/apps/{app}/secrets/{name}"] = ViewShared,
        ["PATCH /v1/apps/{app}/secrets"] = RunPlatform,
        ["PUT /v1/apps/{app}/secrets/{name}"] = RunPlatform,
        ["DELETE /v1/apps/{app}/secrets/{name}"] = RunPlatform,
        ["POST /v1/apps/{app}/secrets/{name}/rotate"] = RunPlatform,
        ["POST /v1/apps/{app}/secrets/{name}/rollback"] = RunPlatform,
        ["POST /v1/secrets/rekey"] = Administer with { SocketAlone = true },
        ["HEAD /v1/sources/{digest}"] = RunPlatform,
        ["PUT /v1/sources/{digest}"] = RunPlatform,

        ["GET /v1/organizations"] = ViewOwn,
        ["POST /v1/organizations"] = RunPlatform,
        // With it go its members and tokens.
        ["DELETE /v1/organizations/{organization}"] = RunPlatform with { PeopleAlone = true },
        ["GET /v1/organizations/{organization}/quotas"] = ViewOwn,
        ["PUT /v1/organizations/{organization}/quotas"] = RunPlatform,
        ["GET /v1/organizations/{organization}/members"] = ViewOwn,
        ["PUT /v1/organizations/{organization}/members/{email}"] = Own with { PeopleAlone = true },
        ["DELETE /v1/organizations/{organization}/members/{email}"] = Own with { PeopleAlone = true },
        ["GET /v1/tenants"] = ViewOwn,
        ["GET /v1/tenants/{tenant}"] = ViewOwn,
        ["POST /v1/tenants"] = Own,
        ["PATCH /v1/tenants/{tenant}"] = Own,
        ["DELETE /v1/tenants/{tenant}"] = Own,

        ["GET /v1/fleet"] = ViewOwn,
        ["GET /v1/fleet/costs"] = ViewOwn,
        ["GET /v1/instances"] = ViewOwn,
        ["GET /v1/instances/{slug}"] = ViewOwn,
        ["GET /v1/instances/{slug}/plan"] = ViewOwn,
        ["GET /v1/instances/{slug}/logs"] = ViewOwn,
        ["GET /v1/instances/{slug}/stats"] = ViewOwn,
        ["GET /v1/instances/{slug}/secrets"] = ViewOwn,
        ["GET /v1/instances/{slug}/secrets/{name}"] = ViewOwn,
        ["GET /v1/instances/{slug}/webhooks"] = ViewOwn,
        ["GET /v1/instances/{slug}/wakes"] = ViewOwn,
        ["GET /v1/instances/{slug}/llm"] = ViewOwn,
        ["POST /v1/instances"] = Operate,
        ["PATCH /v1/instances/{slug}"] = Operate,
        ["DELETE /v1/instances/{slug}"] = Operate,
        ["POST /v1/instances/{slug}/restart"] = Operate,
        ["POST /v1/instances/{slug}/freeze"] = Operate,
        ["POST /v1/instances/{slug}/sleep"] = Operate,
        ["POST /v1/instances/{slug}/wake"] = Operate,
        ["POST /v1/instances/{slug}/hold"] = Operate,
        ["POST /v1/instances/{slug}/hold-down"] = Operate,
        ["POST /v1/instances/{slug}/release"] = Operate,
        ["GET /v1/instances/{slug}/exec"] = Operate,
        ["PATCH /v1/instances/{slug}/secrets"] = Operate,
        ["PUT /v1/instances/{slug}/secrets/{name}"] = Operate,
        ["DELETE /v1/instances/{slug}/secrets/{name}"] = Operate,
        ["POST /v1/instances/{slug}/secrets/{name}/rotate"] = Operate,
        ["POST /v1/instances/{slug}/secrets/{name}/rollback"] = Operate,
        ["POST /v1/instances/{slug}/secrets/export"] = Own,
        ["POST /v1/instances/{slug}/webhooks/{id}/replay"] = Operate,
        ["DELETE /v1/instances/{slug}/webhooks/{id}"] = Operate,
        // A new key begins with nothing spent.
        ["PATCH /v1/instances/{slug}/llm"] = RunPlatform,
        ["POST /v1/instances/{slug}/llm/rotate"] = RunPlatform,
        ["GET /v1/instances/{slug}/looks"] = ViewOwn,
        ["GET /v1/instances/{slug}/holder"] = RunPlatform,
        ["DELETE /v1/instances/{slug}/holder/{id}"] = RunPlatform,
        ["GET /v1/instances/{slug}/data"] = Own,
        ["PUT /v1/instances/{slug}/data"] = Own,

        ["GET /v1/operations"] = ViewOwn,
        ["GET /v1/operations/{id}"] = ViewOwn,
        ["GET /v1/operations/{id}/events"] = ViewOwn,
        ["GET /v1/events"] = ViewOwn,

        ["GET /v1/wakes/report"] = ViewPlatform,
        ["POST /v1/render/compose"] = RunPlatform,
        ["POST /v1/instances/{slug}/plan"] = RunPlatform,
        ["POST /v1/render/terraform"] = RunPlatform,
        ["GET /v1/audit"] = ViewOwn,
        ["GET /v1/audit/verify"] = ViewPlatform,
        ["GET /v1/audit/export"] = ViewPlatform,

        ["GET /v1/costs"] = ViewPlatform,
        ["GET /v1/networks"] = ViewPlatform,
        ["PUT /v1/networks/{name}"] = Administer,
        ["DELETE /v1/networks/{name}"] = Administer,
        ["GET /v1/target-choices"] = ViewShared,
        ["GET /v1/target-kinds"] = ViewPlatform,
        ["GET /v1/targets"] = ViewPlatform,
        ["GET /v1/targets/{target}"] = ViewPlatform,
        ["POST /v1/targets/{target}/check"] = RunPlatform,
        ["PUT /v1/targets/{target}"] = Administer,
        ["DELETE /v1/targets/{target}"] = Administer,
        ["POST /v1/targets/{target}/adopt"] = Administer,
        ["GET /v1/llm/providers"] = ViewPlatform,
        ["PUT /v1/llm/providers/{provider}"] = Administer,
        ["DELETE /v1/llm/providers/{provider}"] = Administer,
        ["GET /v1/orphans"] = ViewPlatform,
        ["DELETE /v1/orphans/{target}/{id}"] = Administer,

        ["GET /v1/session"] = Anybody,
        ["DELETE /v1/session"] = Anybody,
        ["PUT /v1/session/password"] = Anybody with { PeopleAlone = true },
        ["GET /v1/session/passkeys"] = Anybody with { PeopleAlone = true },
        ["POST /v1/session/passkeys/options"] = Anybody with { PeopleAlone = true },
        ["POST /v1/session/passkeys"] = Anybody with { PeopleAlone = true },
        ["DELETE /v1/session/passkeys/{id}"] = Anybody with { PeopleAlone = true },
        ["GET /v1/invitations"] = Anybody with { PeopleAlone = true },
        ["POST /v1/invitations/{organization}/accept"] = Anybody with { PeopleAlone = true },
        ["DELETE /v1/invitations/{organization}"] = Anybody with { PeopleAlone = true },
        ["GET /v1/people"] = LetIn,
        ["POST /v1/people"] = LetIn,
        ["GET /v1/people/{email}"] = LetIn,
        ["PATCH /v1/people/{email}"] = LetIn,
        ["DELETE /v1/people/{email}"] = LetIn,
        ["POST /v1/signin-links"] = Administer with { SocketAlone = true },
        ["GET /v1/tokens"] = LetIn,
        ["POST /v1/tokens"] = LetIn,
        ["DELETE /v1/tokens/{name}"] = LetIn,
    };

    /// <summary>The rule of an endpoint of <c>/v1</c>.</summary>
    public static AccessRule Of(RouteEndpoint endpoint, string method) => Rules[NameOf(endpoint, method)];

    /// <summary>Names of endpoints of <c>/v1</c>.</summary>
    public static IEnumerable<string> NamesOf(IEnumerable<Endpoint> endpoints) => endpoints.OfType<RouteEndpoint>()
        .Where(endpoint => IsRuled(endpoint.RoutePattern.RawText))
        .SelectMany(endpoint => (endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? []).Select(method => NameOf(endpoint, method)))
        .Distinct(StringComparer.Ordinal);

    /// <summary>Throws when an endpoint has no rule, or a rule no endpoint.</summary>
    public static void Check(IEnumerable<Endpoint> endpoints)
    {
        var names = NamesOf(endpoints).ToHashSet(StringComparer.Ordinal);
        var wrong = names.Except(Rules.Keys).Select(name => $"{name} has no rule").Concat(Rules.Keys.Except(names).Select(name => $"{name} is no endpoint")).ToArray();
        if (wrong.Length > 0)
            throw new InvalidOperationException($"The access table is not that of the API: {string.Join("; ", wrong)}.");
    }

    public static bool IsRuled(string? path) => path?.TrimStart('/').StartsWith("v1/", StringComparison.Ordinal) == true;

    private static string NameOf(RouteEndpoint endpoint, string method) => $"{method} /{endpoint.RoutePattern.RawText!.Trim('/')}";
}
