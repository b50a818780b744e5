using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Store;

namespace Tenantry.Server.Access;

/// <summary>Tokens are made, listed and revoked by people, on the Unix socket or signed in: a token cannot make another one.</summary>
internal static class TokensApi
{
    private const int LongestName = 100;
    private static readonly TimeSpan LongestLife = TimeSpan.FromDays(3650);

    public static void MapTokens(this IEndpointRouteBuilder routes)
    {
        var tokens = routes.MapGroup("/tokens").WithTags("Tokens");
        tokens.MapGet("", ListAsync).Paged();
        tokens.MapPost("", CreateAsync).Changes("token.create");
        tokens.MapDelete("/{name}", RevokeAsync).Changes("token.revoke");
    }

    private static async Task<Ok<PageResponse<TokenResponse>>> ListAsync(IStore store, CancellationToken cancellationToken) =>
        TypedResults.Ok(PageQuery.Whole(await store.ListTokensAsync(cancellationToken), Response));

    private static async Task<Results<Created<CreateTokenResponse>, Ok<PlanResponse>>> CreateAsync(
        Body<CreateTokenRequest> body, Change change, ApiTokens tokens, IStore store, HttpContext context, CancellationToken cancellationToken)
    {
        if (context.Request.Headers.ContainsKey("Idempotency-Key"))
            throw ProblemException.BadRequest("A token is shown once, so it cannot be asked for with an Idempotency-Key.");
        var request = body.Value;
        change.Subject = $"token {request.Name}";
        if (request.Name.Length is 0 or > LongestName || request.Name.Any(char.IsControl))
            throw ProblemException.Invalid("name", $"A name of 1 to {LongestName} characters is expected.");
        if (request.ExpiresInSeconds is { } seconds && (seconds <= 0 || seconds > LongestLife.TotalSeconds))
            throw ProblemException.Invalid("expiresInSeconds", $"Seconds above 0 and up to {LongestLife.TotalSeconds:0} (ten years) are expected.");
        if (request.Name == Caller.Local.Name)
            throw ProblemException.Invalid("name", $"'{Caller.Local.Name}' is in the audit who asks on the socket.");
        var organization = request.Organization ?? "";
        change.Organization = organization;
        CheckRole(request.Role, organization);
        if (organization.Length > 0 && (await store.ListOrganizationsAsync(cancellationToken)).All(known => known.Name != organization))
            throw ProblemException.NotFound("organization", organization, "organization");
        if (change.IsDryRun)
        {
            if ((await store.ListTokensAsync(cancellationToken)).Any(t => t.Name == request.Name))
                throw ProblemException.Conflict($"There is a token '{request.Name}' already.");
            return TypedResults.Ok(DryRun.Of(new ChangeResponse(change.Subject, "", null, request.Name)));
        }

        TimeSpan? lifetime = request.ExpiresInSeconds is { } life ? TimeSpan.FromSeconds(life) : null;
        var (token, text) = await tokens.CreateAsync(request.Name, lifetime, request.Role, organization, cancellationToken);
        return TypedResults.Created($"/v1/tokens/{Uri.EscapeDataString(token.Name)}", new CreateTokenResponse(token.Name, text, token.CreatedAt, token.ExpiresAt, token.Role, request.Organization));
    }

    private static async Task<Results<NoContent, Ok<PlanResponse>>> RevokeAsync(string name, Change change, IStore store, LiveRequests live, CancellationToken cancellationToken)
    {
        change.Subject = $"token {name}";
        var present = (await store.ListTokensAsync(cancellationToken)).FirstOrDefault(t => t.Name == name);
        change.Organization = present?.Organization ?? "";
        if (change.IsDryRun)
        {
            return present is not null
                ? TypedResults.Ok(DryRun.Of(new ChangeResponse(change.Subject, "", name, null)))
                : throw ProblemException.NotFound("token", name);
        }

        if (!await store.DeleteTokenAsync(name, cancellationToken))
            throw ProblemException.NotFound("token", name);
        await live.CutAsync(CancellationToken.None);
        return TypedResults.NoContent();
    }

    private static void CheckRole(Role role, string organization)
    {
        var isOfOrganization = organization.Length > 0;
        if (isOfOrganization && role is (Role.Admin or Role.Operator))
            throw ProblemException.Invalid("role", $"Of an organization a token is owner, member or viewer; {role.ToString().ToLowerInvariant()} is a role of the platform.");
        if (!isOfOrganization && role is (Role.Owner or Role.Member))
            throw ProblemException.Invalid("organization", $"A token that is {role.ToString().ToLowerInvariant()} is so of an organization: say of which one.");
    }

    private static TokenResponse Response(ApiToken token) =>
        new(token.Name, token.CreatedAt, token.ExpiresAt, token.Role, token.Organization.Length == 0 ? null : token.Organization, token.LastUsedAt);
}
