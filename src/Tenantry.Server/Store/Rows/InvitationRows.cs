using Tenantry.Model.Wire;
using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

internal static class InvitationRows
{
    private const string Columns = "email, organization, role, name, invited_by, created_at, expires_at";

    public static async Task PutAsync(Session session, Invitation invitation, int most)
    {
        await TenantRows.RequireOrganizationAsync(session, invitation.Organization, session.Dialect.ForUpdate);
        await session.ExecuteAsync("DELETE FROM invitations WHERE expires_at <= @NowMicros", new { session.NowMicros });
        await session.ExecuteAsync(
            $"""
            INSERT INTO invitations ({Columns}) VALUES (@Email, @Organization, @Role, @Name, @InvitedBy, @CreatedAt, @ExpiresAt)
            ON CONFLICT (email, organization) DO UPDATE
            SET role = excluded.role, name = excluded.name, invited_by = excluded.invited_by, created_at = excluded.created_at, expires_at = excluded.expires_at
            """,
            new
            {
                invitation.Email,
                invitation.Organization,
                Role = invitation.Role.ToString(),
                invitation.Name,
                invitation.InvitedBy,
                CreatedAt = StoreTime.ToMicros(invitation.CreatedAt),
                ExpiresAt = StoreTime.ToMicros(invitation.ExpiresAt),
            });
        var open = await session.FirstAsync<long>("SELECT COUNT(*) FROM invitations WHERE organization = @Organization", new { invitation.Organization });
        if (open > most)
            throw new StoreConflictException($"The organization '{invitation.Organization}' has {most} open invitations already. Withdraw some, or wait until they are answered.");
    }

    public static async Task<IReadOnlyList<Invitation>> ListAsync(Session session, string? organization, string? email)
    {
        var rows = await session.ListAsync<Row>(
            $"SELECT {Columns} FROM invitations WHERE expires_at > @NowMicros{(organization is null ? "" : " AND organization = @organization")}{(email is null ? "" : " AND email = @email")} ORDER BY organization, email",
            new { session.NowMicros, organization, email });
        return [.. rows.Select(row => row.ToInvitation())];
    }

    /// <summary>Makes the invited a member, who is a person by now. Null: there is no such invitation.</summary>
    public static async Task<Membership?> AcceptAsync(Session session, string organization, string email)
    {
        // In the order of everybody else: first the organization, then what is of it.
        await session.FirstAsync<string>($"SELECT name FROM organizations WHERE name = @organization{session.Dialect.ForUpdate}", new { organization });
        if (await session.FirstAsync<Row>(
                $"DELETE FROM invitations WHERE organization = @organization AND email = @email AND expires_at > @NowMicros RETURNING {Columns}",
                new { organization, email, session.NowMicros }) is not { } row)
        {
            return null;
        }

        var member = new Membership(organization, email, row.ToInvitation().Role, session.Now);
        var person = await PersonRows.FindAsync(session, email) ?? throw new StoreConflictException($"The person '{email}' was removed meanwhile.");
        await PersonRows.PutMemberAsync(session, member, person);
        return member;
    }

    public static async Task<bool> DeleteAsync(Session session, string organization, string email) =>
        await session.ExecuteAsync("DELETE FROM invitations WHERE organization = @organization AND email = @email AND expires_at > @NowMicros", new { organization, email, session.NowMicros }) > 0;

    private sealed record Row
    {
        public string Email { get; init; } = "";
        public string Organization { get; init; } = "";
        public string Role { get; init; } = "";
        public string Name { get; init; } = "";
        public string InvitedBy { get; init; } = "";
        public long CreatedAt { get; init; }
        public long ExpiresAt { get; init; }

        public Invitation ToInvitation() => new(Organization, Email, Enum.Parse<Role>(Role), Name, InvitedBy, StoreTime.FromMicros(CreatedAt), StoreTime.FromMicros(ExpiresAt));
    }
}
