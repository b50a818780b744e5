using Tenantry.Model.Wire;

namespace Tenantry.Server.Access;

/// <summary>What an endpoint does, as far as it matters for who may ask for it.</summary>
internal enum Permission
{
    /// <summary>Tells something.</summary>
    View,

    /// <summary>Makes, changes or removes an instance, or looks inside one.</summary>
    Operate,

    /// <summary>Changes a tenant, or takes all of its data.</summary>
    Own,

    /// <summary>Changes what the platform stands on.</summary>
    Administer,
}

/// <summary>Whose the things are that an endpoint is about.</summary>
internal enum Reach
{
    /// <summary>An organization's: others do not see that they are there.</summary>
    Organization,

    /// <summary>The platform's, which organizations may look at.</summary>
    Shared,

    /// <summary>The platform's alone.</summary>
    Platform,

    /// <summary>The caller's own: for whoever was let in.</summary>
    Caller,
}

/// <summary>Who may ask for an endpoint.</summary>
internal sealed record AccessRule(Permission Permission, Reach Reach)
{
    /// <summary>For the socket's user and for who signed in: no token makes or takes away what lets somebody in.</summary>
    public bool PeopleAlone { get; init; }

    /// <summary>For the socket's user.</summary>
    public bool SocketAlone { get; init; }

    /// <summary>Whether a caller of that role may, given that the thing is theirs to see.</summary>
    public bool Admits(Role role, bool isOfOrganization)
    {
        if (isOfOrganization && (Reach == Reach.Platform || (Reach == Reach.Shared && Permission != Permission.View)))
            return false;
        return role switch
        {
            Role.Viewer => Permission == Permission.View,
            Role.Member => Permission <= Permission.Operate,
            Role.Owner or Role.Operator => Permission <= Permission.Own,
            _ => true,
        };
    }
}
