using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Naming;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.Api;
using Tenantry.Server.Store;
using Tenantry.Server.Tenants;

namespace Tenantry.Server.People;

/// <summary>Organizations and who is a member of them.</summary>
internal static class MembersApi
{
    private const int MostInvitations = 200;
    private static readonly TimeSpan InvitationLife = TimeSpan.FromDays(14);

    public static void MapOrganizations(this IEndpointRouteBuilder routes)
    {
        var organizations = routes.MapGroup("/organizations").WithTags("Organizations");
        organizations.MapGet("", ListOrganizationsAsync).Paged();
        organizations.MapPost("", CreateAsync).Changes("organization.create");
        organizations.MapDelete("/{organization}", RemoveAsync).Changes("organization.delete");
        organizations.MapGet("/{organization}/members", ListAsync).Paged();
        organizations.MapPut("/{organization}/members/{email}", PutAsync).Changes("member.set");
        organizations.MapDelete("/{organization}/members/{email}", DeleteAsync).Changes("member.remove");
    }

    private static async Task<Ok<PageResponse<OrganizationResponse>>> ListOrganizationsAsync(IStore store, HttpContext context, CancellationToken cancellationToken) =>
        TypedResults.Ok(PageQuery.Whole((await store.ListOrganizationsAsync(cancellationToken)).Where(one => Caller.Of(context).Sees(one.Name)), one => new OrganizationResponse(one.Name, one.CreatedAt)));

    private static async Task<Results<Created<OrganizationResponse>, Ok<PlanResponse>>> CreateAsync(Body<CreateOrganizationRequest> body, Change change, IStore store, CancellationToken cancellationToken)
    {
        var name = body.Value.Name;
        change.Subject = $"organization {name}";
        change.Organization = name;
        var errors = new List<ProblemError>();
        TenantText.AddName(NameKind.Organization, "name", name, errors);
        if (errors.Count > 0)
            throw ProblemException.Invalid(errors);
        if (await IsThereAsync(store, name, cancellationToken))
            throw ProblemException.Conflict($"There is an organization '{name}' already.");
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(new ChangeResponse(change.Subject, "", null, name)));
        var made = await store.EnsureOrganizationAsync(name, cancellationToken);
        return TypedResults.Created($"/v1/organizations/{name}", new OrganizationResponse(made.Name, made.CreatedAt));
    }

    private static async Task<Results<NoContent, Ok<PlanResponse>>> RemoveAsync(string organization, Change change, IStore store, LiveRequests live, HttpContext context, CancellationToken cancellationToken)
    {
        change.Subject = $"organization {organization}";
        await RequireAsync(store, organization, cancellationToken);
        var tenants = (await store.ListTenantsOfAsync([organization], new PageRequest(4), cancellationToken)).Items;
        if (tenants.Count > 0)
            throw ProblemException.Conflict($"The organization '{organization}' still has tenants: {string.Join(", ", tenants.Take(3).Select(one => one.Name))}{(tenants.Count > 3 ? " and more" : "")}. Remove them first: 'tenantry tenant remove {tenants[0].Name}'.");
        change.Changes =
        [
            new ChangeResponse(change.Subject, "", organization, null),
            .. (await store.ListMembersAsync(organization, null, cancellationToken)).Select(one => new ChangeResponse($"member {one.Email} of {organization}", "role", Word(one.Role), null)),
            .. (await store.ListTokensAsync(cancellationToken)).Where(one => one.Organization == organization).Select(one => new ChangeResponse($"token {one.Name}", "", one.Name, null)),
            .. (await store.ListQuotasAsync(organization, cancellationToken)).Select(one => new ChangeResponse($"quota of {organization}", one.Tier ?? "", "set", null)),
        ];
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(change.Changes));
        live.LetFinish(context.TraceIdentifier);
        if (!await store.DeleteOrganizationAsync(organization, cancellationToken))
            throw ProblemException.NotFound("organization", organization);
        await live.CutAsync(CancellationToken.None);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<PageResponse<MemberResponse>>> ListAsync(string organization, IStore store, CancellationToken cancellationToken)
    {
        await RequireAsync(store, organization, cancellationToken);
        var answers = new List<MemberResponse>();
        foreach (var member in await store.ListMembersAsync(organization, null, cancellationToken))
        {
            if (await store.FindPersonAsync(member.Email, cancellationToken) is { } person)
                answers.Add(Response(member, person));
        }

        var invited = (await store.ListInvitationsAsync(organization, null, cancellationToken)).Where(one => answers.TrueForAll(known => known.Email != one.Email)).Select(Response).ToArray();
        return TypedResults.Ok(PageQuery.Whole(answers.Concat(invited).OrderBy(one => one.Email, StringComparer.Ordinal), one => one));
    }

    // Who runs the platform, and answers for its accounts, makes somebody a member at once. An owner invites: nobody gets into an organization that they did not agree to, and
    // nothing is told of an account whose person did not.
    private static async Task<Results<Ok<MemberResponse>, Ok<PlanResponse>>> PutAsync(
        string organization, string email, Body<PutMemberRequest> body, Change change, IStore store, LiveRequests live, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        await RequireAsync(store, organization, cancellationToken);
        var who = PersonText.Email(email);
        change.Subject = $"member {who} of {organization}";
        var request = body.Value;
        PersonText.CheckOfOrganization(request.Role);
        var before = (await store.ListMembersAsync(organization, who, cancellationToken)).FirstOrDefault();
        var isInvited = before is null && !change.Caller.RunsPlatform;
        var difference = isInvited
            ? new ChangeResponse(change.Subject, "invitation", Word((await store.ListInvitationsAsync(organization, who, cancellationToken)).FirstOrDefault()?.Role), Word(request.Role))
            : new ChangeResponse(change.Subject, "role", Word(before?.Role), Word(request.Role));
        var name = PersonText.Name(request.Name, who);
        change.Changes = [difference, .. request.Role == Role.Owner || isInvited ? [] : await WithdrawnAsync(organization, who, store, cancellationToken)];
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of([.. change.Changes.Where(one => one.From != one.To)]));
        var now = time.GetUtcNow();
        if (isInvited)
        {
            var invitation = new Invitation(organization, who, request.Role, name, change.Actor, now, now + InvitationLife);
            await store.PutInvitationAsync(invitation, MostInvitations, cancellationToken);
            return TypedResults.Ok(Response(invitation));
        }

        var member = new Membership(organization, who, request.Role, before?.CreatedAt ?? now);
        live.LetFinish(context.TraceIdentifier);
        await store.PutMemberAsync(member, new Person(who, name, null, null, "", "", 1, now), keepsOwner: !change.Caller.RunsPlatform, cancellationToken);
        await live.CutAsync(CancellationToken.None);
        return TypedResults.Ok(Response(member, (await store.FindPersonAsync(who, cancellationToken))!));
    }

    private static async Task<Results<NoContent, Ok<PlanResponse>>> DeleteAsync(
        string organization, string email, Change change, IStore store, LiveRequests live, HttpContext context, CancellationToken cancellationToken)
    {
        await RequireAsync(store, organization, cancellationToken);
        var who = PersonText.Plain(email);
        change.Subject = $"member {who} of {organization}";
        if ((await store.ListMembersAsync(organization, who, cancellationToken)) is not [var member])
            return await WithdrawAsync(organization, who, change, store, cancellationToken);
        change.Changes = [new ChangeResponse(change.Subject, "role", Word(member.Role), null), .. await WithdrawnAsync(organization, who, store, cancellationToken)];
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(change.Changes));
        live.LetFinish(context.TraceIdentifier);
        if (!await store.DeleteMemberAsync(organization, who, keepsOwner: !change.Caller.RunsPlatform, cancellationToken))
            throw ProblemException.NotFound("member", who);
        await live.CutAsync(CancellationToken.None);
        return TypedResults.NoContent();
    }

    private static async Task<Results<NoContent, Ok<PlanResponse>>> WithdrawAsync(string organization, string who, Change change, IStore store, CancellationToken cancellationToken)
    {
        if ((await store.ListInvitationsAsync(organization, who, cancellationToken)) is not [var invitation])
            throw ProblemException.NotFound("member", who);
        change.Changes = [new ChangeResponse(change.Subject, "invitation", Word(invitation.Role), null)];
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(change.Changes));
        return await store.DeleteInvitationAsync(organization, who, cancellationToken) ? TypedResults.NoContent() : throw ProblemException.NotFound("member", who);
    }

    // What somebody invited who may not invite any more.
    private static async Task<IEnumerable<ChangeResponse>> WithdrawnAsync(string organization, string who, IStore store, CancellationToken cancellationToken) =>
        (await store.ListInvitationsAsync(organization, null, cancellationToken)).Where(one => one.InvitedBy == who)
            .Select(one => new ChangeResponse($"member {one.Email} of {organization}", "invitation", Word(one.Role), null));

    private static async Task RequireAsync(IStore store, string organization, CancellationToken cancellationToken)
    {
        if (!await IsThereAsync(store, organization, cancellationToken))
            throw ProblemException.NotFound("organization", organization);
    }

    private static async Task<bool> IsThereAsync(IStore store, string organization, CancellationToken cancellationToken) =>
        (await store.ListOrganizationsAsync(cancellationToken)).Any(one => one.Name == organization);

    private static MemberResponse Response(Invitation one) => new(one.Email, one.Name, one.Role, one.CreatedAt, null, one.ExpiresAt);

    private static MemberResponse Response(Membership member, Person person) => new(member.Email, person.Name, member.Role, member.CreatedAt, person.SignedInAt);

    private static string Word(Role? role) => role?.ToString().ToLowerInvariant() ?? "none";
}
