using Tenantry.Model.Wire;

namespace Tenantry.Server.Store;

/// <summary>Invitations into organizations, which the invited accept or not. One that has expired is as none.</summary>
public interface IInvitationStore
{
    /// <summary>Invites, or says anew what was said before. Conflict when the organization does not exist, or has more than <paramref name="most"/> of them then.</summary>
    Task PutInvitationAsync(Invitation invitation, int most, CancellationToken cancellationToken);

    /// <summary>Those of an organization, or of an address; null: any.</summary>
    Task<IReadOnlyList<Invitation>> ListInvitationsAsync(string? organization, string? email, CancellationToken cancellationToken);

    /// <summary>The invited, who is a person by now, becomes a member. Null when there is no such invitation.</summary>
    Task<Membership?> AcceptInvitationAsync(string organization, string email, CancellationToken cancellationToken);

    /// <summary>Withdraws or declines it. False when there is none.</summary>
    Task<bool> DeleteInvitationAsync(string organization, string email, CancellationToken cancellationToken);
}

/// <summary>Somebody is asked into an organization.</summary>
/// <param name="Organization">Into which.</param>
/// <param name="Email">Who; lower case. Whether somebody has that address here is not known from it.</param>
/// <param name="Role">As what.</param>
/// <param name="Name">How who invites calls them.</param>
/// <param name="InvitedBy">Who invites.</param>
/// <param name="CreatedAt">When they did.</param>
/// <param name="ExpiresAt">Until when it can be accepted.</param>
public sealed record Invitation(string Organization, string Email, Role Role, string Name, string InvitedBy, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt);
