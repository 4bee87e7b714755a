import { useQuery } from '@tanstack/react-query';
import type { Category, Tag } from '@/api';
import { getCategories, getTags } from '../api/settings';

const noCategories: Category[] = [];
const noTags: Tag[] = [];

export const useCategories = (): Category[] => useQuery({ queryKey: ['categories'], queryFn: getCategories }).data ?? noCategories;
export const useTags = (): Tag[] => useQuery({ queryKey: ['tags'], queryFn: getTags }).data ?? noTags;
