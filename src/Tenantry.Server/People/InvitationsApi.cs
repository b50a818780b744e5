using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.Api;
using Tenantry.Server.Store;

namespace Tenantry.Server.People;

/// <summary>Invitations that wait for who asks: accepted or declined by nobody else. Invited is an address; who signed in has theirs from the platform's admins, or verified by the provider.</summary>
internal static class InvitationsApi
{
    public static void MapInvitations(this IEndpointRouteBuilder routes)
    {
        var invitations = routes.MapGroup("/invitations").WithTags("Session");
        invitations.MapGet("", ListAsync).Paged();
        invitations.MapPost("/{organization}/accept", AcceptAsync).Changes("invitation.accept");
        invitations.MapDelete("/{organization}", DeclineAsync).Changes("invitation.decline");
    }

    private static async Task<Ok<PageResponse<InvitationResponse>>> ListAsync(IStore store, HttpContext context, CancellationToken cancellationToken) => TypedResults.Ok(PageQuery.Whole(
        Caller.Of(context) is { Through: CallerKind.Session } caller ? await store.ListInvitationsAsync(null, caller.Name, cancellationToken) : [],
        one => new InvitationResponse(one.Organization, one.Role, one.InvitedBy, one.CreatedAt, one.ExpiresAt)));

    private static async Task<Results<Ok<MembershipResponse>, Ok<PlanResponse>>> AcceptAsync(string organization, Change change, IStore store, CancellationToken cancellationToken)
    {
        var invitation = await FindAsync(organization, change, store, cancellationToken);
        change.Changes = [new ChangeResponse(change.Subject, "role", "none", Word(invitation.Role))];
        change.Detail = $"invited by {invitation.InvitedBy}";
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(change.Changes));
        var member = await store.AcceptInvitationAsync(organization, change.Actor, cancellationToken) ?? throw ProblemException.NotFound("invitation", organization);
        return TypedResults.Ok(new MembershipResponse(member.Organization, member.Role));
    }

    private static async Task<Results<NoContent, Ok<PlanResponse>>> DeclineAsync(string organization, Change change, IStore store, CancellationToken cancellationToken)
    {
        var invitation = await FindAsync(organization, change, store, cancellationToken);
        change.Changes = [new ChangeResponse(change.Subject, "invitation", Word(invitation.Role), null)];
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(change.Changes));
        return await store.DeleteInvitationAsync(organization, change.Actor, cancellationToken) ? TypedResults.NoContent() : throw ProblemException.NotFound("invitation", organization);
    }

    private static async Task<Invitation> FindAsync(string organization, Change change, IStore store, CancellationToken cancellationToken)
    {
        if (change.Caller.Through == CallerKind.Session && await store.ListInvitationsAsync(organization, change.Actor, cancellationToken) is [var found])
        {
            change.Subject = $"member {change.Actor} of {organization}";
            change.Organization = organization;
            return found;
        }

        throw ProblemException.NotFound("invitation", organization);
    }

    private static string Word(Role role) => role.ToString().ToLowerInvariant();
}
