using System.Net;
using System.Text.Json;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using static Tenantry.Server.Tests.Api.TestApi;
using static Tenantry.Server.Tests.Api.TwoOrganizations;

namespace Tenantry.Server.Tests.Api;

/// <summary>Every route that the API describes, asked for by every role with a token and with a session, about own and about foreign things.</summary>
public sealed class RoleWalkTests
{
    private static readonly (Role Role, string? Organization)[] Roles =
    [
        (Role.Admin, null), (Role.Operator, null), (Role.Viewer, null), (Role.Owner, "acme"), (Role.Member, "acme"), (Role.Viewer, "acme"),
    ];

    [Fact]
    public async Task EveryRouteAnswersEveryRoleAsItsRuleSaysOnOwnAndOnForeignThings()
    {
        await using var api = await StartAsync();
        var (own, foreign) = await TwoTenantsAsync(api);
        var routes = await RoutesAsync(api);
        var wrong = new List<string>();

        var stranger = api.Client("");
        foreach (var route in routes)
        {
            if (await AskAsync(stranger.SendAsync, route, own) is var answer and not HttpStatusCode.Unauthorized)
                wrong.Add($"nobody: {route}: {answer}");
        }

        foreach (var (role, organization) in Roles)
        {
            var token = api.Client(await TokenAsync(api, role, organization));
            var person = await PersonAsync(api, role, organization);
            foreach (var route in routes)
            {
                // What is not the caller's business has the same answer for who may do everything: nothing but the rule is looked at.
                var (mine, theirs) = (await AskAsync(api.Local.SendAsync, route, own), await AskAsync(api.Local.SendAsync, route, foreign));
                await LookAsync($"a token of {role} {organization}", token.SendAsync, isPerson: false);
                await LookAsync($"{role} {organization}, signed in", (request, completion) => person.SendAsync(request.Method, request.RequestUri!.OriginalString, request.Content), isPerson: true);

                async Task LookAsync(string who, Send send, bool isPerson)
                {
                    var rule = AccessTable.Rules[route];
                    var admits = Grants.Of(role, organization).Admits(rule, organization) && (isPerson || !rule.PeopleAlone) && !rule.SocketAlone;
                    var onMine = await AskAsync(send, route, own);
                    if (admits ? !IsSame(onMine, mine, route) : onMine != HttpStatusCode.Forbidden)
                        wrong.Add($"{who}: {route} on {own.Name}: {onMine}, not {(admits ? mine : HttpStatusCode.Forbidden)}");
                    var isHidden = organization is not null && rule.Reach == Reach.Organization && IsOfOne(route);
                    var onTheirs = await AskAsync(send, route, foreign);
                    if (isHidden ? onTheirs != HttpStatusCode.NotFound : admits ? !IsSame(onTheirs, theirs, route) : onTheirs != HttpStatusCode.Forbidden)
                        wrong.Add($"{who}: {route} on {foreign.Name}: {onTheirs}, not {(isHidden ? HttpStatusCode.NotFound : admits ? theirs : HttpStatusCode.Forbidden)}");
                }
            }
        }

        wrong.ShouldBeEmpty();
        (await ReadAsync<AuditVerifyResponse>(await api.Local.GetAsync("/v1/audit/verify"))).ShouldBe(new AuditVerifyResponse(true, null));
    }

    [Fact]
    public async Task WhatTheDescriptionSaysOfVersionsIsSo()
    {
        await using var api = await StartAsync();
        var (own, _) = await TwoTenantsAsync(api);
        using var person = await api.Local.PostAsync("/v1/people", Json(new { email = "x@example.com" }));
        using var document = JsonDocument.Parse(await api.Local.GetStringAsync("/openapi/v1.json"));
        var ids = new List<string>();
        foreach (var (route, operation) in Operations(document))
        {
            ids.Add(operation.GetProperty("operationId").GetString()!);
            var version = operation.TryGetProperty("parameters", out var parameters)
                ? parameters.EnumerateArray().Where(one => one.GetProperty("name").GetString() == "If-Match").Select(one => one.TryGetProperty("required", out var required) && required.GetBoolean()).Cast<bool?>().SingleOrDefault()
                : null;
            if (AccessTable.Rules[route].SocketAlone || route.Contains("/exec", StringComparison.Ordinal))
                continue;
            var answer = await AskAsync(api.Local.SendAsync, route, own);
            (answer == HttpStatusCode.PreconditionRequired).ShouldBe(version == true, $"{route}: {answer}");
        }

        ids.ShouldBeUnique();
        ids.ShouldAllBe(id => id.Length > 3 && id.All(char.IsAsciiLetterOrDigit) && char.IsLower(id[0]));
        foreach (var known in (string[])["listInstances", "getInstance", "createInstance", "sleepInstance", "getLogsOfInstance", "setSecretOfInstance", "setSecretsOfInstance", "checkTarget", "removeMemberOfOrganization", "getPerson"])
            ids.ShouldContain(known);
    }

    internal delegate Task<HttpResponseMessage> Send(HttpRequestMessage request, HttpCompletionOption completion);

    /// <summary>Whether the path names a thing that belongs to one organization.</summary>
    internal static bool IsOfOne(string route) =>
        route.Contains("{slug}", StringComparison.Ordinal) || route.Contains("{tenant}", StringComparison.Ordinal) || route.Contains("{organization}", StringComparison.Ordinal) || route.Contains("/operations/{id}", StringComparison.Ordinal);

    internal static async Task<HttpStatusCode> AskAsync(Send send, string route, (string Name, string Operation) thing)
    {
        var space = route.IndexOf(' ', StringComparison.Ordinal);
        var method = new HttpMethod(route[..space]);
        var path = route[(space + 1)..]
            .Replace("/operations/{id}", $"/operations/{thing.Operation}", StringComparison.Ordinal)
            .Replace("{slug}", thing.Name, StringComparison.Ordinal).Replace("{tenant}", thing.Name, StringComparison.Ordinal)
            .Replace("{organization}", thing.Name == "ann" ? "acme" : "other", StringComparison.Ordinal).Replace("{email}", "x@example.com", StringComparison.Ordinal)
            .Replace("{app}", "notes", StringComparison.Ordinal).Replace("{release}", "latest", StringComparison.Ordinal)
            .Replace("{target}", "local", StringComparison.Ordinal).Replace("{id}", "x", StringComparison.Ordinal)
            .Replace("{name}", "api-key", StringComparison.Ordinal).Replace("{provider}", "openrouter", StringComparison.Ordinal).Replace("{digest}", new string('a', 64), StringComparison.Ordinal);
        // What is admitted is only tried: the things are asked for again and again.
        var isChange = method != HttpMethod.Get && method != HttpMethod.Head && !path.EndsWith("/check", StringComparison.Ordinal) && !path.EndsWith("/render/compose", StringComparison.Ordinal);
        var hasBody = method == HttpMethod.Post || method == HttpMethod.Put || method == HttpMethod.Patch;
        using HttpContent? content = !hasBody
            ? null
            : path.EndsWith("/data", StringComparison.Ordinal) || path.StartsWith("/v1/sources/", StringComparison.Ordinal) ? new ByteArrayContent([]) { Headers = { ContentType = new("application/x-tar") } } : Json(Body(route));
        using var request = new HttpRequestMessage(method, path + (isChange ? "?dryRun=true" : "")) { Content = content };
        using var answer = await send(request, HttpCompletionOption.ResponseHeadersRead);
        return answer.StatusCode;
    }

    // Bodies that pass what is looked at before versions are.
    private static object Body(string route) => route switch
    {
        "PUT /v1/targets/{target}" => new { kind = "local" },
        _ => new { },
    };

    // Who may do less may still be told more gently: what costs money, and whose session it is, are looked at behind the rule. Streams are cut when many are open.
    private static bool IsSame(HttpStatusCode answer, HttpStatusCode locals, string route) => answer == locals
        || (answer == HttpStatusCode.Forbidden && route is "PATCH /v1/apps/{app}/secrets")
        || (route.Contains("/session", StringComparison.Ordinal) && answer is HttpStatusCode.OK or HttpStatusCode.Conflict or HttpStatusCode.UnprocessableEntity);

    private static async Task<IReadOnlyList<string>> RoutesAsync(TestApi api)
    {
        using var document = JsonDocument.Parse(await api.Local.GetStringAsync("/openapi/v1.json"));
        return [.. Operations(document).Select(one => one.Route)];
    }

    private static IEnumerable<(string Route, JsonElement Operation)> Operations(JsonDocument document) => document.RootElement.GetProperty("paths").EnumerateObject()
        .SelectMany(path => path.Value.EnumerateObject().Select(operation => ($"{operation.Name.ToUpperInvariant()} {path.Name}", operation.Value)));

    private static async Task<Browser> PersonAsync(TestApi api, Role role, string? organization)
    {
        var email = $"{role}.{organization ?? "platform"}@example.com".ToLowerInvariant();
        if (organization is null)
            return await Browser.SignedInAsync(api, email, role);
        using var joined = await api.Local.PutAsync($"/v1/organizations/{organization}/members/{email}", Json(new { role = role.ToString() }));
        joined.StatusCode.ShouldBe(HttpStatusCode.OK);
        return await Browser.SignedInAsync(api, email);
    }
}
