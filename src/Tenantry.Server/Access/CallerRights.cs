namespace Tenantry.Server.Access;

/// <summary>What a caller may ask for, for whoever shows only what can be asked for. The authorizer decides again when it is.</summary>
public static class CallerRights
{
    /// <summary>
    /// Whether the table admits the caller to an endpoint such as <c>POST /v1/instances/{slug}/sleep</c>, for a thing of that organization; null: of any, or of none.
    /// </summary>
    public static bool May(this Caller caller, string endpoint, string? organization = null)
    {
        var rule = AccessTable.Rules[endpoint];
        return caller.Grants.Admits(rule, organization) && (!rule.SocketAlone || caller.IsLocal) && (!rule.PeopleAlone || caller.IsPerson);
    }
}
