namespace Tenantry.Model.Wire;

/// <summary>What a caller may do: the first three in one organization, the others everywhere.</summary>
public enum Role
{
    /// <summary>Looks, in one organization or everywhere.</summary>
    Viewer,

    /// <summary>Of an organization: makes, changes and removes its instances.</summary>
    Member,

    /// <summary>Of an organization: as a member, and its tenants and their data.</summary>
    Owner,

    /// <summary>Of the platform: everything but tokens, targets that are removed, and orphans.</summary>
    Operator,

    /// <summary>Of the platform: everything.</summary>
    Admin,
}
