using Tenantry.Model.Wire;

namespace Tenantry.Server.Store;

/// <summary>People, what they are members of, and their sessions. E-mail addresses are in lower case.</summary>
public interface IPeopleStore
{
    /// <summary>Conflict when there is one with that address.</summary>
    Task<Person> AddPersonAsync(Person person, CancellationToken cancellationToken);

    Task<Person?> FindPersonAsync(string email, CancellationToken cancellationToken);

    /// <summary>The person that a provider knows by that subject.</summary>
    Task<Person?> FindPersonOfAsync(string issuer, string subject, CancellationToken cancellationToken);

    /// <summary>By address.</summary>
    Task<Page<Person>> ListPeopleAsync(PageRequest page, CancellationToken cancellationToken);

    /// <summary>
    /// Writes it with its version grown by one; another password, the first one, or none any more, and another provider's subject end the person's sessions and links. Conflict when the stored version is not
    /// <paramref name="expectedVersion"/>.
    /// </summary>
    Task<Person> UpdatePersonAsync(Person person, long expectedVersion, CancellationToken cancellationToken) => UpdatePersonAsync(person, expectedVersion, removesPasskeys: false, cancellationToken);

    /// <summary>The same; with <paramref name="removesPasskeys"/> the person's passkeys and the sessions that they began go in the same transaction.</summary>
    Task<Person> UpdatePersonAsync(Person person, long expectedVersion, bool removesPasskeys, CancellationToken cancellationToken);

    /// <summary>Removes a person with memberships, sessions and links. False when there is none.</summary>
    Task<bool> DeletePersonAsync(string email, CancellationToken cancellationToken);

    /// <summary>
    /// Writes a membership; a person that is not there yet is made, and what somebody who is no owner invited is withdrawn. Conflict when the organization does not exist, or, with
    /// <paramref name="keepsOwner"/>, has no owner then.
    /// </summary>
    Task PutMemberAsync(Membership member, Person newPerson, bool keepsOwner, CancellationToken cancellationToken);

    /// <summary>With it go the invitations that they made. False when there is no such membership; conflict when it is that of the last owner and <paramref name="keepsOwner"/>.</summary>
    Task<bool> DeleteMemberAsync(string organization, string email, bool keepsOwner, CancellationToken cancellationToken);

    /// <summary>Those of an organization, or of a person; null: any.</summary>
    Task<IReadOnlyList<Membership>> ListMembersAsync(string? organization, string? email, CancellationToken cancellationToken);

    /// <summary>The person signed in. Sessions that have expired go.</summary>
    Task AddSessionAsync(PersonSession session, CancellationToken cancellationToken);

    /// <summary>The session of that hash, with its person and what the person is a member of now.</summary>
    Task<SessionOfPerson?> FindSessionAsync(string hash, CancellationToken cancellationToken);

    /// <summary>A session was used at that time.</summary>
    Task UseSessionAsync(string hash, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>False when there is none.</summary>
    Task<bool> DeleteSessionAsync(string hash, CancellationToken cancellationToken);

    /// <summary>Ends the sessions that a provider began: one of its own sessions, or all of a subject. Returns how many.</summary>
    Task<int> DeleteSessionsOfAsync(string issuer, string? providerSession, string? subject, CancellationToken cancellationToken);

    /// <summary>A link that signs in once.</summary>
    Task AddSignInLinkAsync(string hash, string email, DateTimeOffset expiresAt, CancellationToken cancellationToken);

    /// <summary>Whom an unused link that has not expired signs in, or null.</summary>
    Task<string?> FindSignInLinkAsync(string hash, CancellationToken cancellationToken);

    /// <summary>As <see cref="FindSignInLinkAsync"/>, and uses it up.</summary>
    Task<string?> TakeSignInLinkAsync(string hash, CancellationToken cancellationToken);
}

/// <summary>Somebody who signs in.</summary>
/// <param name="Email">Names the person, also in the audit; lower case.</param>
/// <param name="Name">How the person is called.</param>
/// <param name="Role">What they may do everywhere; null: nothing.</param>
/// <param name="Password">As it is hashed; null: no password signs in.</param>
/// <param name="Issuer">The provider that knows the person; empty: none.</param>
/// <param name="Subject">By which name it does.</param>
/// <param name="Version">Its ETag.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="SignedInAt">When they signed in last.</param>
public sealed record Person(
    string Email, string Name, Role? Role, string? Password, string Issuer, string Subject, long Version, DateTimeOffset CreatedAt, DateTimeOffset? SignedInAt = null)
{
    /// <summary>How many passkeys sign them in. Read, and not written with the person.</summary>
    public int Passkeys { get; init; }

    /// <summary>Keeps the hash out of logs.</summary>
    public override string ToString() => $"Person {Email}";
}

/// <summary>What a person may do in an organization.</summary>
public sealed record Membership(string Organization, string Email, Role Role, DateTimeOffset CreatedAt);

/// <summary>A session of somebody who signed in: the SHA-256 of what the cookie holds, how they signed in, and until when it is good.</summary>
public sealed record PersonSession(
    string Hash, string Email, string Method, string Issuer, string ProviderSession, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset UsedAt)
{
    /// <summary>What the person may do in this session besides what they may do anyway, as <c>Grants</c> writes it.</summary>
    public string Grants { get; init; } = "";
}

/// <summary>A session and whose it is.</summary>
/// <param name="Session">The session.</param>
/// <param name="Person">Whose it is.</param>
/// <param name="Memberships">What they are members of now.</param>
/// <param name="Invitations">How many invitations wait for their answer.</param>
public sealed record SessionOfPerson(PersonSession Session, Person Person, IReadOnlyList<Membership> Memberships, int Invitations = 0);
