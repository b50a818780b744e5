using Tenantry.Model.Wire;
using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

internal static class PersonRows
{
    private const string Columns = "email, name, role, password, issuer, subject, version, created_at, signed_in_at";
    private const string Selected = $"{Columns}, (SELECT COUNT(*) FROM passkeys WHERE passkeys.email = people.email) AS passkeys";

    public static async Task<Person> AddAsync(Session session, Person person)
    {
        await session.ExecuteAsync(
            $"INSERT INTO people ({Columns}) VALUES (@Email, @Name, @Role, @Password, @Issuer, @Subject, 1, @CreatedAt, @SignedInAt)", Values(person));
        return (await FindAsync(session, person.Email))!;
    }

    public static async Task<Person?> FindAsync(Session session, string email) => (await FindRowAsync(session, email, ""))?.ToPerson();

    public static async Task<Person?> FindOfAsync(Session session, string issuer, string subject) =>
        (await session.FirstAsync<PersonRow>($"SELECT {Selected} FROM people WHERE issuer = @issuer AND subject = @subject", new { issuer, subject }))?.ToPerson();

    public static async Task<Page<Person>> ListAsync(Session session, PageRequest page)
    {
        var rows = await session.ListAsync<PersonRow>(
            $"SELECT {Selected} FROM people WHERE email > @after ORDER BY email LIMIT @limit", new { after = Cursor.Read(page) ?? "", limit = (long)Cursor.Fetch(page) });
        return Cursor.Page(rows, page, row => row.ToPerson(), row => row.Email);
    }

    public static async Task<Person> UpdateAsync(Session session, Person person, long expectedVersion, bool removesPasskeys)
    {
        var stored = await FindRowAsync(session, person.Email, session.Dialect.ForUpdate)
            ?? throw new StoreConflictException($"The person '{person.Email}' was removed meanwhile.");
        if (stored.Version != expectedVersion)
            throw new StoreConflictException($"The person '{person.Email}' was changed meanwhile: it is at version {stored.Version}, not {expectedVersion}.");
        await session.ExecuteAsync(
            "UPDATE people SET name = @Name, role = @Role, password = @Password, issuer = @Issuer, subject = @Subject, version = version + 1 WHERE email = @Email", Values(person));
        if (removesPasskeys)
            await PasskeyRows.DeleteAllAsync(session, person.Email);
        if (stored.Password != person.Password || stored.Subject != person.Subject)
        {
            // The first one, too: who had the account by a link alone does not keep it. Nor does who had it before the provider said whose it is.
            await session.ExecuteAsync("DELETE FROM signin_links WHERE email = @Email", new { person.Email });
            await session.ExecuteAsync("DELETE FROM sessions WHERE email = @Email", new { person.Email });
        }

        return (await FindAsync(session, person.Email))!;
    }

    public static async Task<bool> DeleteAsync(Session session, string email)
    {
        // Who was removed does not come back by an invitation of before.
        await session.ExecuteAsync("DELETE FROM invitations WHERE email = @email OR invited_by = @email", new { email });
        return await session.ExecuteAsync("DELETE FROM people WHERE email = @email", new { email }) > 0;
    }

    public static async Task PutMemberAsync(Session session, Membership member, Person newPerson, bool keepsOwner = false)
    {
        // Of two owners who take the role from each other at once, the second waits for the first.
        await TenantRows.RequireOrganizationAsync(session, member.Organization, session.Dialect.ForUpdate);
        var wasOwner = await IsOwnerAsync(session, member.Organization, member.Email);
        if (await FindRowAsync(session, member.Email, session.Dialect.ForUpdate) is null)
            await AddAsync(session, newPerson);
        await session.ExecuteAsync(
            """
            INSERT INTO members (organization, email, role, created_at) VALUES (@Organization, @Email, @Role, @CreatedAt)
            ON CONFLICT (organization, email) DO UPDATE SET role = excluded.role
            """,
            new { member.Organization, member.Email, Role = member.Role.ToString(), CreatedAt = StoreTime.ToMicros(member.CreatedAt) });
        await session.ExecuteAsync("DELETE FROM invitations WHERE organization = @Organization AND email = @Email", new { member.Organization, member.Email });
        if (member.Role != Role.Owner)
            await IsNoOwnerAsync(session, member.Organization, member.Email, keepsOwner && wasOwner);
    }

    public static async Task<bool> DeleteMemberAsync(Session session, string organization, string email, bool keepsOwner)
    {
        await TenantRows.RequireOrganizationAsync(session, organization, session.Dialect.ForUpdate);
        var wasOwner = await IsOwnerAsync(session, organization, email);
        if (await session.ExecuteAsync("DELETE FROM members WHERE organization = @organization AND email = @email", new { organization, email }) == 0)
            return false;
        await IsNoOwnerAsync(session, organization, email, keepsOwner && wasOwner);
        return true;
    }

    private static async Task<bool> IsOwnerAsync(Session session, string organization, string email) =>
        await session.FirstAsync<long>("SELECT COUNT(*) FROM members WHERE organization = @organization AND email = @email AND role = 'Owner'", new { organization, email }) > 0;

    // An invitation is good as long as who made it may make one.
    private static async Task IsNoOwnerAsync(Session session, string organization, string email, bool keepsOwner)
    {
        if (keepsOwner && await session.FirstAsync<long>("SELECT COUNT(*) FROM members WHERE organization = @organization AND role = 'Owner'", new { organization }) == 0)
            throw new StoreConflictException($"'{email}' is the last owner of the organization '{organization}'. Make somebody else an owner first, or ask who runs the platform.");
        await session.ExecuteAsync("DELETE FROM invitations WHERE organization = @organization AND invited_by = @email", new { organization, email });
    }

    public static async Task<IReadOnlyList<Membership>> ListMembersAsync(Session session, string? organization, string? email)
    {
        var where = string.Join(" AND ", new[] { organization is null ? "" : "organization = @organization", email is null ? "" : "email = @email" }.Where(part => part.Length > 0));
        var rows = await session.ListAsync<MemberRow>(
            $"SELECT organization, email, role, created_at FROM members{(where.Length > 0 ? " WHERE " : "")}{where} ORDER BY organization, email", new { organization, email });
        return [.. rows.Select(row => row.ToMember())];
    }

    public static Task<int> SignedInAsync(Session session, string email, DateTimeOffset at) =>
        session.ExecuteAsync("UPDATE people SET signed_in_at = @at WHERE email = @email", new { email, at = StoreTime.ToMicros(at) });

    private static Task<PersonRow?> FindRowAsync(Session session, string email, string suffix) =>
        session.FirstAsync<PersonRow>($"SELECT {Selected} FROM people WHERE email = @email{suffix}", new { email });

    private static object Values(Person person) => new
    {
        person.Email,
        person.Name,
        Role = person.Role?.ToString() ?? "",
        person.Password,
        person.Issuer,
        person.Subject,
        CreatedAt = StoreTime.ToMicros(person.CreatedAt),
        SignedInAt = StoreTime.ToMicros(person.SignedInAt),
    };

    private sealed record PersonRow
    {
        public string Email { get; init; } = "";
        public string Name { get; init; } = "";
        public string Role { get; init; } = "";
        public string? Password { get; init; }
        public string Issuer { get; init; } = "";
        public string Subject { get; init; } = "";
        public long Version { get; init; }
        public long CreatedAt { get; init; }
        public long? SignedInAt { get; init; }
        public long Passkeys { get; init; }

        public Person ToPerson() => new(
            Email, Name, Role.Length == 0 ? null : Enum.Parse<Role>(Role), Password, Issuer, Subject, Version, StoreTime.FromMicros(CreatedAt), StoreTime.FromMicros(SignedInAt))
        {
            Passkeys = (int)Passkeys,
        };
    }

    private sealed record MemberRow
    {
        public string Organization { get; init; } = "";
        public string Email { get; init; } = "";
        public string Role { get; init; } = "";
        public long CreatedAt { get; init; }

        public Membership ToMember() => new(Organization, Email, Enum.Parse<Role>(Role), StoreTime.FromMicros(CreatedAt));
    }
}
