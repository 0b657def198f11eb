package dev.kvdb.engine.error;

/** A bounded queue is full. Nothing was written; the caller may retry after backing off. */
public final class OverloadedException extends StoreException {

    private static final long serialVersionUID = 1L;

    /**
     * @param queue which queue is full
     * @param limit its limit, with the unit
     */
    public OverloadedException(String queue, String limit) {
        super(queue + " is full (limit " + limit + "); retry later", null);
    }
}
